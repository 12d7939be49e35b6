"""See NoHealthcheck."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
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
        for service in compose.services:
            if not service.view["healthcheck"] and not service.view["profiles"]:
                yield self.finding(service.at(), f"{service.name} has no health check")
