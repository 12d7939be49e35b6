"""See NoHealthcheck."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.documents.habits import lacking
from harness.model import Finding, Severity


class NoHealthcheck(Check):
    """A service without a health check counts as ready while it still starts.

    Why: `depends_on` with a condition, restarts and people rely on it. Bad: no `healthcheck`.
    Good: `healthcheck: {test: [CMD, wget, -q, --spider, 'http://localhost:9090/-/ready']}`.
    Fix: ask the service itself.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for the field in every service that is meant to keep running."""
        staying = [service for service in compose.services if not service.view["profiles"]]
        for place, message, also, severity in lacking(staying, _unasked, "a health check"):
            yield self.finding(place, message, also=also, severity=severity)


def _unasked(service: Service) -> bool:
    # An image that is built here may bring its own.
    return not service.view["healthcheck"] and not service.view["build"]
