"""See RemovedPanel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity

_GONE = {"graph": "timeseries", "singlestat": "stat", "table-old": "table", "grafana-piechart-panel": "piechart",
         "grafana-worldmap-panel": "geomap", "heatmap-new": "heatmap", "grafana-singlestat-panel": "stat"}  # fmt: skip


class RemovedPanel(Check):
    """Panels of a type that Grafana 12 no longer has. It shows most as their successor, some as an error.

    Why: AngularJS plugins do not load any more; what a panel becomes at every load is nobody's decision.
    Bad: `type: graph`. Good: `timeseries`. Fix: open the dashboard in a recent Grafana, look at it, and save it.
    """

    severity, subject = Severity.INFO, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at the type of every panel, and tell each type once."""
        for kind, successor in _GONE.items():
            places = [panel.at("type") for panel in dashboard.panels if panel.type == kind]
            if places:
                many = f" ({len(places)} panels)" if len(places) > 1 else ""
                message = f"{kind} is gone since Grafana 12; use {successor}{many}"
                yield self.finding(places[0], message, also=places[1:])
