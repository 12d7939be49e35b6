"""See Ratios."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.model import Finding, Severity


class Ratios(Check):
    """A panel divides unlike things: other labels, other windows, or it averages quantiles.

    Why: the number looks right and means nothing. Bad: `x{job="a"} / x{job="b"}`, `rate(e[5m]) / rate(r[1m])`,
    `avg(x{quantile="0.9"})`. Good: the same selectors and windows. Fix: align them.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at every division and aggregation of every query."""
        metrics = known_metrics(context.documents, context.fixtures)
        for query in of_dashboard(dashboard, context.documents):
            yield from (self.finding(p, m, severity=Severity.BUG) for p, m in pitfalls.unlike_ratios(query))
            rest = (*pitfalls.mixed_windows(query), *pitfalls.averaged_quantiles(query), *pitfalls.rates_of_sums(query))
            yield from (self.finding(p, m) for p, m in (*rest, *pitfalls.slopes_of_counters(query, metrics)))
