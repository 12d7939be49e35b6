"""See TimeoutExceedsInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds, spoken
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity


class TimeoutExceedsInterval(Check):
    """A scrape may take longer than the interval between two: Prometheus does not load the file.

    Why: scrapes of one target never overlap. Bad: `scrape_interval: 15s, scrape_timeout: 30s`. Good: a shorter timeout.
    Fix: lower the timeout.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare the two, globally and for each job."""
        whole = prometheus.tree.view["global"]
        if isinstance(whole.value, dict) and whole["scrape_timeout"]:
            timeout = seconds(whole.text("scrape_timeout"))
            if timeout and timeout > prometheus.scrape_interval:
                yield self.finding(whole.at("scrape_timeout"), _said(timeout, prometheus.scrape_interval))
        for job in prometheus.jobs:
            own = next((name for name in ("scrape_timeout", "scrape_interval") if job.view[name]), "")
            if own and job.timeout > job.interval:
                yield self.finding(job.view.at(own), _said(job.timeout, job.interval))


def _said(timeout: float, interval: float) -> str:
    return f"a timeout of {spoken(timeout)} is longer than the interval of {spoken(interval)}"
