"""See RemovedPanel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity

_GONE = {"graph": "timeseries", "singlestat": "stat", "table-old": "table", "grafana-piechart-panel": "piechart",
         "grafana-worldmap-panel": "geomap", "heatmap-new": "heatmap", "grafana-singlestat-panel": "stat"}  # fmt: skip


class RemovedPanel(Check):
    """A panel of a type that Grafana 12 no longer has: an error where the panel should be.

    Why: AngularJS plugins do not load any more. Bad: `type: graph`. Good: `timeseries`. Fix: migrate it.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at the type of every panel."""
        for panel in dashboard.panels:
            if panel.type in _GONE:
                yield self.finding(panel.at("type"), f"{panel.type} is gone since Grafana 12; use {_GONE[panel.type]}")
