"""See MinRefresh."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.dashboard import Dashboard
from harness.documents.durations import seconds
from harness.model import Finding, Severity


class MinRefresh(Check):
    """A dashboard refreshes more often than Grafana allows: it falls back to the least interval.

    Why: what should be seen after five seconds is seen after ten, and nobody is told. Bad: `refresh: 5s` with
    `GF_DASHBOARDS_MIN_REFRESH_INTERVAL: 10s`. Good: no more often than that. Fix: lower the limit or the pace.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare with the setting of the Grafana service; its default is five seconds."""
        pace = seconds(dashboard.refresh) if dashboard.refresh else None
        for compose in context.documents.of(Compose) if pace else ():
            for service in compose.of_image("grafana")[:1]:
                text = service.environment.get("GF_DASHBOARDS_MIN_REFRESH_INTERVAL") or "5s"
                least = seconds(text)
                if least and pace and pace < least:
                    yield self.finding(dashboard.tree.at("refresh"), f"Grafana refreshes every {text} at most")
