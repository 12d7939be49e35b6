"""See ScrapeInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds, spoken
from harness.documents.grafana import Datasources
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity


class ScrapeInterval(Check):
    """A Prometheus datasource tells Grafana another scrape interval than Prometheus has.

    Why: `$__rate_interval` is four times this; too small and rates have holes, too large and they are blurred.
    Bad: `timeInterval: 5s` at `scrape_interval: 15s`. Good: the same. Fix: copy the scrape interval.
    """

    severity, subject = Severity.WARNING, Datasources

    def examine(self, datasources: Datasources, context: Context) -> Iterable[Finding]:
        """Compare with Prometheus's configuration."""
        configurations = context.documents.of(Prometheus)
        for source in datasources.datasources if len(configurations) == 1 else ():
            text = source.view["jsonData"].text("timeInterval")
            wanted = configurations[0].scrape_interval
            if source.kind == "prometheus" and text and seconds(text) not in (None, wanted):
                yield self.finding(source.at("jsonData", "timeInterval"), f"Prometheus scrapes every {spoken(wanted)}")
