"""See NothingAsked."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity

_SILENT = {"text", "row", "news", "dashlist", "alertlist", "annolist", "welcome", "gettingstarted", "canvas", "debug",
           "traces", "datagrid", "xychart", "nodeGraph"}  # fmt: skip


class NothingAsked(Check):
    """A panel asks nothing: no query, or every query is switched off or empty.

    Why: it is empty for ever. Bad: `targets: []` in a graph. Good: a query. Fix: write it, or remove the panel.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at the targets of every panel that shows data."""
        for panel in dashboard.panels:
            library, known = panel.view["libraryPanel"], panel.type in _SILENT or not panel.type
            if library or known or "panel" in panel.type:
                continue
            live = [t for t in panel.targets if not t.hidden]
            empty = [t for t in live if t.stored_as == "expr" and "expr" in t.view.value and not t.expr.strip()]
            if not live:
                yield self.finding(panel.at(), "no query is asked" if not panel.targets else "every query is hidden")
            elif len(empty) == len(live):
                yield self.finding(panel.at(), "its query is empty")
