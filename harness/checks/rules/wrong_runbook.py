"""See WrongRunbook."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.model import Finding, Severity


class WrongRunbook(Check):
    """An alert links to the runbook of another alert, although it has one of its own.

    Why: links are copied with the rule; at night nobody notices that the page is about something else.
    Bad: `CacheDown` with `…/database-pool-exhausted` while `cache-down` exists. Good: its own page. Fix: correct it.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare the last part of each link with the alerts' names."""
        pages = {runbook.name for runbook in documents.of(Runbook)}
        alerts = [alert for rules in documents.of(Rules) for alert in rules.alerts] if pages else []
        named = {_slug(alert.name) for alert in alerts}
        for alert in alerts:
            text = alert.annotations.get("runbook_url", "")
            page = re.split(r"[/#]", text.rstrip("/"))[-1]
            own = _slug(alert.name)
            if page != own and page in named and own in pages:
                place = alert.inside(("annotations", "runbook_url"), len(text.rstrip("/")) - len(page), len(page))
                yield self.finding(place, f"{page} is another alert's page; there is one called {own}")


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
