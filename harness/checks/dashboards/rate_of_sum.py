"""See RateOfSum."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.model import Finding


class RateOfSum(Check):
    """A panel takes a rate after summing: one process's restart is a fall of the whole, which counts as a reset.

    Why: after a deployment the panel shows a peak that never was. Bad: `rate(sum(x_total)[5m:])`.
    Good: `sum(rate(x_total[5m]))`. Fix: rate first, then sum.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at the inside of every rate."""
        for expression in of_dashboard(dashboard, context.documents):
            for position, message in pitfalls.rates_of_sums(expression):
                yield self.finding(position, message)
