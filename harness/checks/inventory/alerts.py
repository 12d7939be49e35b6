"""See Alerts."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.rules import Rules
from harness.model import Finding


class Alerts(Check):
    """There are as many alerts as the specification asks for.

    Why: an alert that was removed is not missed before the incident. Bad: fewer than `alerts.at_least` of
    `fixtures/inventory.yml`. Good: that many or more. Fix: add what is missing.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Count the alerts of all rule files."""
        least = ((context.fixtures.get("inventory") or {}).get("alerts") or {}).get("at_least", 0)
        files = documents.of(Rules)
        count = sum(len(rules.alerts) for rules in files)
        if files and count < least:
            yield self.finding(files[0].tree.key_at("groups"), f"{count} alerts, the specification asks for {least}")
