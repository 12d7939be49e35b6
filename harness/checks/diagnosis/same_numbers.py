"""Metrics and logs tell the same of an incident."""

from __future__ import annotations

from collections.abc import Iterable

from harness import diagnosis
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class SameNumbers(Check):
    """What an incident's metrics count, its log lines count too, over the same minutes.

    Why: two sources that contradict each other lead people astray; lines lost on their way show as fewer. How measured:
    for each incident one figure, asked of the live Prometheus and of the live Elasticsearch (`agree` in
    `fixtures/incidents.yml`), equal within what sampling allows. How to fix: look for what counts and does not log, or
    for what is lost between the file and the index.
    """

    subject, suite = History, "diagnosis"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per incident whose figures differ."""
        incidents = diagnosis.read(context.fixtures.get("incidents") or {"incidents": []})
        told: list[str] = []
        for incident in incidents:
            seen = history.last("incident-figures", incident.name)
            if seen is None or seen.data["error"]:
                why = seen.data["error"] if seen else "nobody asked"
                yield Gap(f"{incident.name}: metrics and logs were not compared: {why}")
                continue
            metric, logged = float(seen.data["metric"]), float(seen.data["logged"])
            figures = f"{incident.name}: {metric:.0f} by the metrics, {logged:.0f} by the logs"
            told.append(figures)
            if not diagnosis.agrees(incident.agreement, metric, logged):
                yield self.finding(Position(diagnosis.FILE), f"{figures} ({seen.data['kql']})")
        if told:
            yield Proof(
                f"{len(told)} incidents, one figure each, told by metrics and logs alike",
                samples=len(told),
                services=("prometheus", "elasticsearch", "filebeat", "logstash"),
                evidence=(Evidence("incident-figures", "all", "; ".join(told)),),
            )
