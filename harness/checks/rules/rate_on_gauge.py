"""See RateOnGauge."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rules
from harness.documents.rates import rates_of_gauges
from harness.documents.rules import Rules
from harness.model import Finding


class RateOnGauge(Check):
    """`rate()` of a gauge takes every fall for a counter's restart.

    Why: a gauge that falls from 10 to 9 counts as nine events. Bad: `rate(queue_length[5m])`.
    Good: `deriv(queue_length[5m])` or `delta(queue_length[5m])`. Fix: use the function made for gauges.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look up the type of what each rate is taken of."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_rules(rules):
            for position, message in rates_of_gauges(expression, metrics):
                yield self.finding(position, message)
