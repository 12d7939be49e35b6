"""See UnknownDashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.runbook import Runbook
from harness.documents.unknown import nearest
from harness.model import Finding

_UID = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")


class UnknownDashboard(Check):
    """A runbook links to a dashboard that does not exist.

    Why: the page is opened when minutes count. Bad: `…/d/api-perf` where the uid is `api-performance`. Good: the uid.
    Fix: correct the link.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look the uid of every link up."""
        uids = {dashboard.uid for dashboard in context.documents.of(Dashboard) if dashboard.uid}
        for target, place in runbook.links if uids else ():
            found = _UID.search(target)
            if found and found[1] not in uids:
                yield self.finding(place, f"no dashboard has the uid {found[1]}{nearest(found[1], uids)}")
