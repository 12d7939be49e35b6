"""See NoLimits."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.documents.habits import lacking
from harness.model import Finding, Severity


class NoLimits(Check):
    """A service without a memory limit can take the whole host down, and the monitoring with it.

    Why: an unbounded query in one service starves the others. Bad: no limit.
    Good: `deploy: {resources: {limits: {memory: 1g}}}` or `mem_limit: 1g`. Fix: bound it.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for a memory limit in either spelling."""
        for place, message, also, severity in lacking(compose.services, _unlimited, "a memory limit"):
            yield self.finding(place, message, also=also, severity=severity)


def _unlimited(service: Service) -> bool:
    return not service.view["deploy"]["resources"]["limits"]["memory"] and not service.view["mem_limit"]
