"""See OutsideGrid."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity


class OutsideGrid(Check):
    """A panel reaches over the edge of the grid, or has no size: Grafana moves or hides it.

    Why: the grid has 24 columns. Bad: `x: 16, w: 12`. Good: x + w up to 24. Fix: correct the position.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at the place of every panel."""
        for panel in dashboard.panels:
            grid = panel.grid
            if grid and (grid.x < 0 or grid.x + grid.w > 24 or grid.w < 1 or grid.h < 1):
                yield self.finding(panel.at("gridPos"), f"columns {grid.x} to {grid.x + grid.w} of 24, {grid.h} high")
