"""See Rates."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.documents.prometheus import Prometheus
from harness.documents.rates import rates_of_gauges, short_windows
from harness.model import Finding, Severity


class Rates(Check):
    """A panel takes the rate of a gauge, or over a window that holds too few scrapes.

    Why: the rate of a gauge counts each fall as a restart; a window under four scrape intervals has holes.
    Bad: `rate(active_users[5m])`, `rate(x[15s])`. Good: `delta(…)`, `rate(x[$__rate_interval])`.
    Fix: use the function for gauges, or `$__rate_interval`.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at every rate of every query."""
        metrics = known_metrics(context.documents, context.fixtures)
        configurations = context.documents.of(Prometheus)
        for expression in of_dashboard(dashboard, context.documents):
            for position, message in rates_of_gauges(expression, metrics):
                yield self.finding(position, message, severity=Severity.BUG)
            for position, message, useless in (
                short_windows(expression, configurations[0].scrape_interval) if configurations else ()
            ):
                yield self.finding(position, message, severity=Severity.BUG if useless else None)
