"""See DuplicateJob."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus, ScrapeJob
from harness.model import Finding, Severity


class DuplicateJob(Check):
    """Two scrape jobs share a name: Prometheus does not load the file.

    Why: the name is the `job` label. Bad: two `job_name: api`. Good: a name each. Fix: rename or merge.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare the names."""
        seen: dict[str, ScrapeJob] = {}
        for job in prometheus.jobs:
            first = seen.setdefault(job.name, job)
            if first is not job and job.name:
                also = [first.view.at("job_name")]
                yield self.finding(job.view.at("job_name"), f"there is a job {job.name} already", also=also)
