"""See Dashboards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.contracts import Check, Context, Documents
from harness.documents.dashboard import Dashboard
from harness.documents.grafana import Providers
from harness.model import Finding


class Dashboards(Check):
    """The dashboards are those of the specification: names, panel counts, refresh and size.

    Why: a panel that was removed is not missed before the incident. Bad: `cache-health` with three panels.
    Good: as `dashboards` in `fixtures/inventory.yml` has it. Fix: restore what is missing.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare each dashboard with its line of the inventory."""
        wanted: dict[str, Any] = (context.fixtures.get("inventory") or {}).get("dashboards") or {}
        found = {dashboard.uid: dashboard for dashboard in documents.of(Dashboard)}
        if not wanted or not (found or documents.of(Providers)):
            return
        for uid, count in wanted["panels"].items():
            dashboard = found.get(uid)
            if dashboard is None:
                trees = [file.tree for file in (*documents.of(Providers), *found.values())]
                yield self.finding(trees[0].at(), f"the dashboard {uid} is missing")
                continue
            if len(dashboard.panels) != count:
                message = f"{len(dashboard.panels)} panels, the specification lists {count}"
                yield self.finding(dashboard.tree.key_at("panels"), message)
            refresh = wanted["refresh"].get(uid, wanted["refresh"]["default"])
            if dashboard.refresh != refresh:
                message = f"refreshes every {dashboard.refresh or 'never'}, the specification says {refresh}"
                yield self.finding(dashboard.tree.at("refresh"), message)
        size = sum(len(dashboard.tree.text.encode()) for dashboard in found.values())
        if size > wanted["largest_bytes_together"]:
            place = next(iter(found.values())).tree.at()
            yield self.finding(
                place, f"all dashboards together have {size} bytes, over {wanted['largest_bytes_together']}"
            )
