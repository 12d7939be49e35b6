"""See DuplicateReference."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Target
from harness.model import Finding


class DuplicateReference(Check):
    """Two queries of a panel share a refId: Grafana shows the result of one of them only.

    Why: results are matched with queries by it. Bad: two targets `refId: A`. Good: A and B. Fix: rename one.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare the targets of every panel."""
        for panel in dashboard.panels:
            seen: dict[str, Target] = {}
            for target in panel.targets:
                first = seen.setdefault(target.ref, target)
                if first is not target and target.ref:
                    yield self.finding(target.at("refId"), f"another query of the panel is {target.ref} too")
