"""See DuplicateUid."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.dashboard import Dashboard
from harness.model import Finding


class DuplicateUid(Check):
    """Two dashboards of one uid: Grafana provisions neither reliably, one overwrites the other.

    Why: the uid is a dashboard's identity. Bad: a copied file whose uid was kept. Good: a uid of its own.
    Fix: give the copy another uid.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare the uid of every dashboard."""
        seen: dict[str, Dashboard] = {}
        for dashboard in documents.of(Dashboard):
            first = seen.setdefault(dashboard.uid, dashboard)
            if dashboard.uid and first is not dashboard:
                message = f"{first.file} has the uid {dashboard.uid} already"
                yield self.finding(dashboard.tree.at("uid"), message, also=[first.tree.at("uid")])
