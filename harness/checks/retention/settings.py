"""Metrics and logs are kept as long as documented, as the running services say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.durations import seconds
from harness.documents.elasticsearch import IndexTemplate
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof

DAY = 86400.0


class Settings(Check):
    """Metrics are kept 15 days, logs lie in 7 shards and are kept 30 days, as the running services say.

    Why: what is deleted too early is missing from an audit; what is never deleted fills the disk. How measured: the
    flag and the index settings are read back from the running servers. Deletion after 30 days is the work of
    Elasticsearch's lifecycle management, judged where the build has it. How to fix: the finding names the file.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Retention of metrics, shards of logs, lifecycle of logs."""
        documented = next(e for e in context.fixtures["baselines"]["baselines"] if e["id"] == self.baseline)
        proven, samples = [], 0
        metrics = history.last("retention-setting", "prometheus")
        if metrics is None:
            yield Gap("Prometheus was not asked how long it keeps metrics")
        else:
            samples += 1
            kept = (seconds(metrics.data["retention"]) or 0.0) / DAY
            if kept != documented["metrics_days"]:
                yield self.finding(
                    _command(context),
                    f"Prometheus keeps metrics {kept:g} d, documented are {documented['metrics_days']} d",
                )
            proven.append(f"metrics {kept:g} d")
        logs = history.last("retention-setting", "elasticsearch")
        if logs is None:
            yield Gap("Elasticsearch was not asked for its indices")
        else:
            samples += len(logs.data["shards"])
            for index, shards in logs.data["shards"].items():
                if shards != documented["shards"]:
                    yield self.finding(
                        _template(context), f"{index} has {shards} shards, documented are {documented['shards']}"
                    )
            proven.append(f"{documented['shards']} shards")
        yield from self._lifecycle(history, documented)
        if proven:
            yield Proof(
                ", ".join(proven) + ", read back from the running services",
                samples=samples,
                services=("prometheus", "elasticsearch"),
                value=documented["metrics_days"] * 1.0,
                limit=documented["metrics_days"] * 1.0,
                unit="d",
                evidence=(Evidence("retention-setting", "all"),),
            )

    def _lifecycle(self, history: History, documented: Mapping[str, Any]) -> Iterable[Outcome]:
        policies = history.last("retention-setting", "lifecycle")
        if policies is None or policies.data["status"] != 200:
            yield Gap(
                "this build of Elasticsearch has no lifecycle management, "
                f"so deletion after {documented['limit']} d is not judged",
                Level.CONTAINER,
            )


def _command(context: Context) -> Position:
    for compose in context.documents.of(Compose):
        service = compose.service("prometheus")
        return service.at("command") if service else Position(compose.file)
    return Position("docker-compose.yml")


def _template(context: Context) -> Position:
    return next((Position(t.file) for t in context.documents.of(IndexTemplate)), Position("docker-compose.yml"))
