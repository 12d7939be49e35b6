"""See BeyondRetention."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.dashboard import Dashboard
from harness.documents.deployment import (
    metric_retention,
)
from harness.documents.durations import seconds, spoken
from harness.documents.expressions import of_dashboard
from harness.model import Finding, Severity

_NOW = re.compile(r"now-(\d+[smhdwMy])")


class BeyondRetention(Check):
    """A dashboard opens with a range, or asks for a window, longer than Prometheus keeps samples.

    Why: the older part is empty, and a sum over it is too small, without an error. Bad: `from: now-30d` with a
    retention of 15 days. Good: a range within it. Fix: shorten it, keep more, or record what is needed.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare range and queries with the retention."""
        kept = metric_retention(context.documents)
        queries = list(of_dashboard(dashboard, context.documents)) if kept else []
        start = _NOW.fullmatch(dashboard.from_to[0])
        reach = seconds(start[1].replace("M", "d")) if start else None
        if start and start[1].endswith("M"):
            reach = (reach or 0) * 30
        if queries and kept and reach and reach > kept:
            yield self.finding(dashboard.tree.at("time", "from"), f"Prometheus keeps {spoken(kept)}")
        for query in queries:
            for place, wanted in pitfalls.looks_back(query, kept or 0.0):
                yield self.finding(place, f"reaches {spoken(wanted)} back; Prometheus keeps {spoken(kept or 0.0)}")
