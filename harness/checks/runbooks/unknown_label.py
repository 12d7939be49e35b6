"""See UnknownLabel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.runbook import Runbook
from harness.documents.unknown import unknown_labels
from harness.model import Finding


class UnknownLabel(Check):
    """A query of a runbook selects or groups by a label that the metric cannot have.

    Why: it shows nothing, or one line where the culprit should be named. Bad: `sum by (endpoint) (…)` of a metric with
    the label `route`. Good: its labels. Fix: correct the name.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look every label and value up in the catalog."""
        for expression in runbook.expressions():
            for position, message in unknown_labels(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
