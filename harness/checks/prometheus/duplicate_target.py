"""See DuplicateTarget."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Position, Severity


class DuplicateTarget(Check):
    """One target is scraped by two jobs: every sum over it counts twice.

    Why: the series differ in `job` only, and an aggregation that drops `job` adds them up. Bad: `api:3000` in two jobs.
    Good: once. Fix: remove one, or use different paths.
    """

    severity, subject = Severity.WARNING, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare address, path and parameters of every static target."""
        seen: dict[object, tuple[str, Position]] = {}
        for job in prometheus.jobs:
            if any(job.view[name] for name in ("params", "relabel_configs")):
                continue
            for target in job.targets:
                key = (target.address, job.metrics_path)
                name, place = seen.setdefault(key, (job.name, target.position))
                if place != target.position:
                    yield self.finding(
                        target.position, f"{target.address} is scraped by the job {name} too", also=[place]
                    )
