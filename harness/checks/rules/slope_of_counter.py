"""See SlopeOfCounter."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding


class SlopeOfCounter(Check):
    """A function for gauges is used on a counter: a restart looks like a steep fall.

    Why: `delta`, `deriv` and `predict_linear` know nothing of resets. Bad: `delta(requests_total[1h])`.
    Good: `increase(requests_total[1h])`. Fix: use rate or increase.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at every slope."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_rules(rules):
            for position, message in pitfalls.slopes_of_counters(expression, metrics):
                yield self.finding(position, message)
