"""See MissingAnnotation."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class MissingAnnotation(Check):
    """An alert that does not say what happened or what to do costs minutes when they count.

    Why: the notification is all that a woken person has. Bad: no `summary`. Good: `summary`, `description` and
    whatever `fixtures/inventory.yml` requires under `alerts.annotations`, e.g. `runbook_url`.
    Fix: write the annotation. What the inventory requires is a bug, `summary` and `description` elsewhere a warning.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for each required annotation."""
        inventory = context.fixtures.get("inventory") or {}
        required = inventory.get("alerts", {}).get("annotations")
        severity = Severity.BUG if required else Severity.WARNING
        for alert in rules.alerts:
            have = {name for name, text in alert.annotations.items() if text.strip()}
            if required is None:
                missing = [] if have & {"summary", "description", "message", "title"} else ["summary"]
            else:
                missing = [name for name in required if name not in have]
            if missing:
                yield self.finding(alert.at("alert"), f"no annotation {', '.join(missing)}", severity=severity)
