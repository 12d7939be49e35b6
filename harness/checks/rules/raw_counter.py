"""See RawCounter."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rule
from harness.documents.rates import raw_counters
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class RawCounter(Check):
    """An alert on a counter's value fires once the process is old enough, and never before.

    Why: a counter holds everything since the last restart. Bad: `errors_total > 100`.
    Good: `increase(errors_total[1h]) > 100`. Fix: take `rate()` or `increase()` over a window.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for counters outside of rate functions."""
        metrics = known_metrics(context.documents, context.fixtures)
        for alert in rules.alerts:
            for position, message in raw_counters(of_rule(alert), metrics):
                yield self.finding(position, message)
