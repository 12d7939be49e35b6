"""See UnknownLabel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.documents.unknown import unknown_labels
from harness.model import Finding


class UnknownLabel(Check):
    """A panel selects or groups by a label, or a label's value, that the metric never has.

    Why: the panel is empty, or shows one line for all. Bad: `{status=~"5.."}` where the label is `status_code`.
    Good: the catalog's label and values. Fix: use what the catalog lists.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look every matcher and grouping label up."""
        for expression in of_dashboard(dashboard, context.documents):
            for position, message in unknown_labels(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
