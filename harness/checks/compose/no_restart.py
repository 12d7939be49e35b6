"""See NoRestart."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.documents.habits import lacking
from harness.model import Finding, Severity


class NoRestart(Check):
    """A service without a restart policy stays down after its first crash.

    Why: monitoring must come back by itself. Bad: no `restart`. Good: `restart: unless-stopped`.
    Fix: say when it is restarted.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for the field in every service that is meant to keep running."""
        for place, message, also, severity in lacking(compose.services, _left, "a restart policy"):
            yield self.finding(place, message, also=also, severity=severity)


def _left(service: Service) -> bool:
    return not service.view["restart"] and not service.view["deploy"]["restart_policy"]
