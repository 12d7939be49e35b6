"""See DeadLink."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.texts import texts_below
from harness.documents.unknown import nearest
from harness.model import Finding

_UID = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")


class DeadLink(Check):
    """A dashboard links to another that does not exist.

    Why: drilling down ends on an error. Bad: `/d/api-perf` where the uid is `api-performance`. Good: a provisioned uid.
    Fix: correct the link.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look the uid of every link up, where several dashboards are here."""
        uids = {one.uid for one in context.documents.of(Dashboard) if one.uid}
        for view, text in (
            texts_below(dashboard.tree.view, "/d/") if len(uids) > 1 and "/d/" in dashboard.tree.text else ()
        ):
            for found in _UID.finditer(text) if view.name == "url" else ():
                if found[1] not in uids and not text.startswith("http"):
                    place = view.inside((), found.start(1), len(found[1]))
                    yield self.finding(place, f"no dashboard has the uid {found[1]}{nearest(found[1], uids)}")
