"""See ShortRateWindow."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rules
from harness.documents.prometheus import Prometheus
from harness.documents.rates import short_windows
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class ShortRateWindow(Check):
    """A rate over less than four scrape intervals breaks when one scrape is missed.

    Why: a rate needs two samples; a window of two intervals often holds one, and the result is empty, so the alert
    resolves by itself. Bad: `rate(x[15s])` at a scrape interval of 15s. Good: `rate(x[1m])` or longer.
    Fix: widen the window to four scrape intervals at least.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each window with the scrape interval of Prometheus's configuration."""
        configurations = context.documents.of(Prometheus)
        if not configurations:
            return
        interval = configurations[0].scrape_interval
        for expression in of_rules(rules):
            for position, message, useless in short_windows(expression, interval):
                yield self.finding(position, message, severity=Severity.BUG if useless else None)
