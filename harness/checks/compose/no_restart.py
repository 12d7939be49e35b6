"""See NoRestart."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity


class NoRestart(Check):
    """A service without a restart policy stays down after its first crash.

    Why: monitoring must come back by itself. Bad: no `restart`. Good: `restart: unless-stopped`.
    Fix: say when it is restarted.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for the field in every service that is meant to keep running."""
        for service in compose.services:
            if not service.view["restart"] and not service.view["deploy"]["restart_policy"]:
                yield self.finding(service.at(), f"{service.name} has no restart policy")
