"""See NoLimits."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity


class NoLimits(Check):
    """A service without a memory limit can take the whole host down, and the monitoring with it.

    Why: an unbounded query in one service starves the others. Bad: no limit.
    Good: `deploy: {resources: {limits: {memory: 1g}}}` or `mem_limit: 1g`. Fix: bound it.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for a memory limit in either spelling."""
        for service in compose.services:
            limits = service.view["deploy"]["resources"]["limits"]
            if not limits["memory"] and not service.view["mem_limit"]:
                yield self.finding(service.at(), f"{service.name} has no memory limit")
