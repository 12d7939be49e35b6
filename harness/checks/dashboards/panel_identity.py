"""See PanelIdentity."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Panel
from harness.model import Finding, Severity


class PanelIdentity(Check):
    """Two panels share an id or a place on the grid.

    Why: a link to a panel finds it by id, and overlapping panels are moved about by Grafana at every load.
    Bad: two panels with `id: 3`. Good: ids of their own and cells of their own. Fix: renumber or move one.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare the panels with each other."""
        ids: dict[int, Panel] = {}
        for index, panel in enumerate(dashboard.panels):
            if panel.id is not None:
                first = ids.setdefault(panel.id, panel)
                if first is not panel:
                    message = f'the panel "{first.title}" has the id {panel.id} too'
                    yield self.finding(panel.view.at("id"), message, also=[first.view.at("id")])
            for other in dashboard.panels[:index]:
                same_level = panel.view.path[:-1] == other.view.path[:-1]
                if same_level and panel.grid and other.grid and panel.grid.overlaps(other.grid):
                    message = f'lies over the panel "{other.title}"'
                    # Grafana moves one of them down when it draws: nothing is lost, only not where it was put.
                    yield self.finding(panel.view.at("gridPos"), message, severity=Severity.WARNING)
                    break
