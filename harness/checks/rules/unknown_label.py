"""See UnknownLabel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.documents.unknown import unknown_labels
from harness.model import Finding


class UnknownLabel(Check):
    """A rule selects or groups by a label, or by a label's value, that the metric never has.

    Why: the selector matches nothing and the alert never fires; a grouping makes one alert of many.
    Bad: `http_requests_total{status=~"5.."}` where the label is `status_code`. Good: the catalog's label and values.
    Fix: use what the catalog lists for the metric.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look every matcher and grouping label up."""
        for expression in of_rules(rules):
            for position, message in unknown_labels(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
