"""See MissingJob."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.prometheus import Prometheus
from harness.documents.unknown import nearest
from harness.model import Finding


class MissingJob(Check):
    """The catalog's metrics come from a job that is not scraped.

    Why: every rule and panel on them stays empty. Bad: the job is called `backend` where the catalog, and so every
    expression, says `caredroid-backend`. Good: one scrape job for each job of the catalog.
    Fix: add the job, or use the catalog's name.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Subtract the scraped jobs from the catalog's."""
        catalog = Catalog.of(context.fixtures)
        wanted = {m.job for m in catalog.metrics.values() if m.job and m.job != "*"} if catalog else set()
        scraped = {job.name for job in prometheus.jobs}
        for job in sorted(wanted - scraped):
            hint = nearest(job, scraped)
            yield self.finding(prometheus.tree.key_at("scrape_configs"), f"nothing scrapes the job {job}{hint}")
