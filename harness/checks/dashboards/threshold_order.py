"""See ThresholdOrder."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity


class ThresholdOrder(Check):
    """Threshold steps that do not rise, or no base step: Grafana colours by the wrong one.

    Why: steps are taken in order. Bad: 0.95 before 0.8. Good: the base without a value, then rising values.
    Fix: sort them.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare the steps of every panel."""
        for panel in dashboard.panels:
            before: float | None = None
            for index, step in enumerate(panel.thresholds):
                value = step["value"].value
                if index and not isinstance(value, (int, float)):
                    yield self.finding(step.at(), "a step without a value after the first", severity=Severity.WARNING)
                elif isinstance(value, (int, float)):
                    if before is not None and value <= before:
                        yield self.finding(step.at("value"), f"{value:g} comes after {before:g}")
                    before = float(value)
