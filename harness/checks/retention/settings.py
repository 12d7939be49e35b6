"""Metrics are kept as long as documented, and logs lie in the documented shards, as the running services say it."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.durations import seconds
from harness.documents.elasticsearch import IndexTemplate
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

DAY = 86400.0


class Settings(Check):
    """Metrics are kept 15 days and logs lie in 7 shards, as the running services say.

    Why: what is deleted too early is missing from an audit; shards too few make the searches slow. How measured: the
    flag and the index settings are read back from the running servers. How to fix: the finding names the file.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Retention of metrics, shards of logs."""
        documented = context.baseline(self.baseline)
        metrics = history.last("retention-setting", "prometheus")
        logs = history.last("retention-setting", "elasticsearch")
        if metrics is None or logs is None:
            yield Gap("Prometheus and Elasticsearch were not both asked for their settings")
            return
        kept = (seconds(metrics.data["retention"]) or 0.0) / DAY
        days, shards = documented["metrics_days"], documented["shards"]
        if kept != days:
            yield self.finding(_command(context), f"Prometheus keeps metrics {kept:g} d, documented are {days} d")
        for index, there in logs.data["shards"].items():
            if there != shards:
                yield self.finding(_template(context), f"{index} has {there} shards, documented are {shards}")
        yield Proof(
            f"metrics {kept:g} d, {shards} shards, read back from the running services",
            samples=1 + len(logs.data["shards"]),
            services=("prometheus", "elasticsearch"),
            evidence=(Evidence("retention-setting", "all"),),
        )


def _command(context: Context) -> Position:
    for compose in context.documents.of(Compose):
        service = compose.service("prometheus")
        return service.at("command") if service else Position(compose.file)
    return Position("docker-compose.yml")


def _template(context: Context) -> Position:
    return next((Position(t.file) for t in context.documents.of(IndexTemplate)), Position("docker-compose.yml"))
