"""See LongInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import spoken
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity


class LongInterval(Check):
    """A target is scraped so rarely that its series go stale between two scrapes.

    Why: a sample counts for five minutes; with one scrape lost, nothing is left. Bad: `scrape_interval: 5m`.
    Good: two minutes at most. Fix: scrape more often.
    """

    severity, subject = Severity.WARNING, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look at every interval that is written down."""
        views = [(prometheus.tree.view["global"], prometheus.scrape_interval)]
        views += [(job.view, job.interval) for job in prometheus.jobs]
        for view, interval in views:
            if isinstance(view.value, dict) and view["scrape_interval"] and interval > 150:
                message = f"every {spoken(interval)}: one lost scrape and the series are gone (staleness is 5m)"
                yield self.finding(view.at("scrape_interval"), message)
