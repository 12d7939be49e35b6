"""See MissingUnit."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity

_NUMBERS = ("gauge", "bargauge", "stat", "timeseries", "barchart", "heatmap")


class MissingUnit(Check):
    """A panel that shows numbers does not say in which unit.

    Why: 0.4 may be a share, seconds or bytes, and in an incident nobody looks it up. Bad: a gauge without `unit`.
    Good: `s`, `percentunit`, `reqps`, or `short` for a mere count. Fix: choose the unit.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at every panel that draws numbers."""
        bare = []
        for panel in dashboard.panels:
            own = panel.view["fieldConfig"]["overrides"].value or ()
            overridden = any(p.get("id") == "unit" for one in own for p in one.get("properties") or ())
            if panel.type in _NUMBERS and panel.targets and not panel.unit and not overridden:
                bare.append(panel)
        if context.fixtures.get("catalog"):
            for panel in bare:
                yield self.finding(panel.at(), f"{panel.title}: its numbers have no unit")
        elif bare:
            # Of metrics nobody described, most may be mere counts: told once, in passing.
            message = f"{len(bare)} panels say no unit, {bare[0].title} the first"
            yield self.finding(bare[0].at(), message, also=[p.at() for p in bare[1:]], severity=Severity.INFO)
