"""See GaugeWithoutThresholds."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity


class GaugeWithoutThresholds(Check):
    """A gauge has no threshold: it is green whatever happens.

    Why: a gauge is looked at for its colour. Bad: the base step alone. Good: where it becomes a worry, and where bad.
    Fix: add the steps; the alerts' thresholds are a good choice.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at every gauge."""
        for panel in dashboard.panels:
            overridden = "thresholds" in json.dumps(panel.view["fieldConfig"]["overrides"].value or [])
            if panel.type == "gauge" and len(panel.thresholds) < 2 and not overridden:
                yield self.finding(panel.at(), "a gauge without thresholds is always green")
