"""Nobody is told of a patient."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.templates import Templates
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Phi(Check):
    """An identifier of a patient that a release leaks into a metric's labels is kept by no server and sent to nobody.

    Why: labels travel to every channel, chat and mail included, and stay. How measured: the scraped application leaks
    canaries (`leak` in `fixtures/deployment.yml`) into labels of live metrics; no series of Prometheus may hold one,
    and none may stand anywhere in what the channels received, payload and HTML included. How to fix: drop the label
    in `metric_relabel_configs` of the job.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per lane that keeps canaries, and per channel that shows one."""
        leaks = [seen for seen in history.of_kind("label-leak") if seen.data["scrapes"]]
        received = history.of_kind("notification")
        if not leaks or not received:
            yield Gap("no label with an identifier was scraped, or no notification received, so none could leak")
            return
        canaries = {str(value) for leak in leaks for value in leak.data["labels"].values()}
        for leak in leaks:
            if leak.data["series"]:
                kept = f"keeps {leak.data['series']} series with {', '.join(sorted(leak.data['labels']))} in its labels"
                example = json.dumps(leak.data["for_example"], ensure_ascii=False)[:200]
                yield self.finding(
                    _job(context, str(leak.data["job"])), f"{leak.subject}: Prometheus {kept}: {example}"
                )
        shown: dict[tuple[str, str], int] = {}
        for one in received:
            everything = json.dumps(dict(one.data), ensure_ascii=False)
            for canary in canaries:
                if canary in everything:
                    shown[one.subject, canary] = shown.get((one.subject, canary), 0) + 1
        where = next((Position(t.file) for t in context.documents.of(Templates)), Position("config/alertmanager"))
        for (channel, canary), times in shown.items():
            yield self.finding(where, f"{channel}: {times} notifications show {canary!r}, an identifier of a patient")
        scrapes = sum(int(leak.data["scrapes"]) for leak in leaks)
        metrics = {name for leak in leaks for name in leak.data["metrics"]}
        yield Proof(
            f"{len(canaries)} identifiers on {len(metrics)} metrics in {scrapes} scrapes; in no series and in none of "
            f"{len(received)} notifications",
            samples=len(received),
            services=("prometheus", "alertmanager"),
            evidence=(Evidence("label-leak", "all"), Evidence("notification", "all")),
        )


def _job(context: Context, name: str) -> Position:
    """Where the scrape job is configured."""
    for config in context.documents.of(Prometheus):
        job = config.job(name)
        return job.view.at("metric_relabel_configs") if job else Position(config.file)
    return Position("config/prometheus.yml")
