"""See PrometheusIntervals."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.durations import seconds, spoken
from harness.documents.prometheus import Prometheus
from harness.model import Finding

_RETENTION = re.compile(r"--storage\.tsdb\.retention(?:\.time)?[= ](\S+)")


class PrometheusIntervals(Check):
    """Prometheus scrapes, evaluates and keeps data as the specification says.

    Why: windows, waits and the retention baseline are built on these. Bad: `--storage.tsdb.retention.time=7d` for 15
    days. Good: as `prometheus` in `fixtures/inventory.yml` has it. Fix: restore the value.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare the intervals, and the retention flag of the compose service."""
        wanted = (context.fixtures.get("inventory") or {}).get("prometheus") or {}
        for name, value in (
            ("scrape_interval", prometheus.scrape_interval),
            ("evaluation_interval", prometheus.evaluation_interval),
        ):
            agreed = seconds(str(wanted.get(name, "")))
            if agreed and agreed != value:
                message = f"`{name}` is {spoken(value)}, the specification says {spoken(agreed)}"
                yield self.finding(prometheus.tree.at("global", name), message)
        agreed = seconds(str(wanted.get("retention", "")))
        for compose in context.documents.of(Compose) if agreed else ():
            for service in compose.of_image("prometheus"):
                flags = _RETENTION.search(" ".join(service.command))
                kept = seconds(flags[1]) if flags else None
                if kept != agreed:
                    index = next((i for i, word in enumerate(service.command) if flags and flags[0] in word), None)
                    at = service.view.at("command", index) if index is not None else service.at("command")
                    said = spoken(kept) if kept else "Prometheus's default of 15d" if not flags else flags[1]
                    if flags or agreed != 15 * 86400:
                        yield self.finding(at, f"keeps {said}, the specification says {spoken(agreed or 0)}")
