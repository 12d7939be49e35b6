"""See MissingLabel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class MissingLabel(Check):
    """An alert without `severity` is nobody's: the route tree decides by it.

    Why: what no route matches goes to the root's receiver. Bad: `labels: {team: api}` where routes ask for severity.
    Good: `labels: {severity: warning, team: api}`. Fix: add the label. What `fixtures/inventory.yml` lists under
    `alerts.labels` is a bug, a severity elsewhere a warning.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for each required label."""
        inventory = context.fixtures.get("inventory") or {}
        required = inventory.get("alerts", {}).get("labels") or ["severity"]
        severity = Severity.BUG if inventory else Severity.WARNING
        for alert in rules.alerts:
            missing = [name for name in required if not alert.labels.get(name)]
            if missing:
                yield self.finding(alert.at("alert"), f"no label {', '.join(missing)}", severity=severity)
