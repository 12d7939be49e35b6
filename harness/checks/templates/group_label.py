"""See GroupLabel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.alertmanager import Alertmanager
from harness.documents.templates import Templates
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

_FIELD = re.compile(r"\.GroupLabels\.([A-Za-z_]\w*)")


class GroupLabel(Check):
    """A notification shows a group label by which no route groups: the place is empty.

    Why: `GroupLabels` holds the labels of `group_by` and nothing else. Bad: `{{ .GroupLabels.instance }}` with
    `group_by: [alertname]`. Good: `.CommonLabels`, or a label of `group_by`. Fix: use the other.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare with the `group_by` of all routes."""
        grouped: set[str] = set()
        for alertmanager in documents.of(Alertmanager):
            for route in alertmanager.route.walk() if alertmanager.route else ():
                grouped.update(route.group_by)
        if not documents.of(Alertmanager) or "..." in grouped:
            return
        files = (*documents.of(Templates), *documents.of(Alertmanager))
        for file in files:
            for used in _FIELD.finditer(file.tree.text):
                if used[1] not in grouped and used[1] not in ("SortedPairs", "Names", "Values", "Remove"):
                    place = file.tree.place(used.start(1), used.end(1))
                    yield self.finding(place, f"no route groups by {used[1]}{nearest(used[1], grouped)}")
