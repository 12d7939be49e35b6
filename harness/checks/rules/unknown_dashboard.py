"""See UnknownDashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.rules import Rules
from harness.documents.unknown import nearest
from harness.model import Finding

_UID = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")


class UnknownDashboard(Check):
    """An alert links to a dashboard that does not exist.

    Why: the link is what a woken person clicks first. Bad: `dashboard: https://grafana…/d/api-perf` where the uid is
    `api-performance`. Good: the uid of a provisioned dashboard. Fix: use its uid, the part after `/d/`.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look the uid of every link up."""
        uids = {dashboard.uid for dashboard in context.documents.of(Dashboard) if dashboard.uid}
        if not uids:
            return
        for alert in rules.alerts:
            for name, text in alert.annotations.items():
                for link in _UID.finditer(text) if "://" in text or text.startswith("/d/") else ():
                    if link[1] not in uids:
                        place = alert.inside(("annotations", name), link.start(1), len(link[1]))
                        yield self.finding(place, f"no dashboard has the uid {link[1]}{nearest(link[1], uids)}")
