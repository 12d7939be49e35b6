"""The runbook of every incident names its culprit, soon enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness import diagnosis
from harness.contracts import Check, Context
from harness.diagnosis import Answer, Incident
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof

LEAST_INCIDENTS = 6


class Mttr(Check):
    """Every incident's alert leads to its culprit within 5 minutes, by its runbook's own queries and nobody's help.

    Why: a runbook that leads nowhere is found out at night. How measured: incidents play in metrics and logs; when the
    alert has been received, the queries of the runbook it links to run on the live servers until one ranks the culprit
    first in the metrics and one in the logs. Counted: from the alert's firing to its receipt, and from the first query
    to the last that was needed. How to fix: give the runbook a query that ranks by what distinguishes the culprit.
    """

    subject, suite, baseline = History, "diagnosis", "mttr"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per incident that was not diagnosed in time; the slowest as the figure, in minutes."""
        limit_minutes = float(context.baseline(self.baseline)["limit"])
        incidents = diagnosis.read(context.fixtures.get("incidents") or {"incidents": []})
        if len(incidents) < LEAST_INCIDENTS:
            yield Gap(f"{len(incidents)} incidents are described, {LEAST_INCIDENTS} at least are to be diagnosed")
        taken: dict[str, float] = {}
        for incident in incidents:
            seen = history.of_kind("diagnosis", incident.name)
            if not history.of_kind("incident", incident.name):
                yield Gap(f"{incident.name}: it was not played")
            elif not seen:
                yield Gap(f"{incident.name}: {incident.alert} was not received, so nobody would have looked")
            else:
                yield from self._judged(incident, seen, limit_minutes, taken)
        if taken:
            slowest = max(taken, key=lambda name: taken[name])
            told = "; ".join(f"{name} {minutes * 60:.1f} s" for name, minutes in taken.items())
            yield Proof(
                f"{len(taken)} incidents diagnosed by their runbooks, slowest {taken[slowest] * 60:.1f} s ({slowest})",
                samples=len(taken),
                services=("prometheus", "alertmanager", "elasticsearch", "filebeat", "logstash"),
                value=round(taken[slowest], 4),
                limit=limit_minutes,
                unit="min",
                evidence=(Evidence("diagnosis", "all", told),),
            )

    def _judged(
        self, incident: Incident, seen: tuple[Observation, ...], limit_minutes: float, taken: dict[str, float]
    ) -> Iterator[Outcome]:
        last = seen[-1].data
        where = Position(last["page"] or "docs/runbooks")
        if not last["page"]:
            yield self.finding(where, f"{incident.name}: the notification of {incident.alert} links to no runbook")
            return
        answers = tuple(Answer(**answer) for answer in last["answers"])
        named = diagnosis.named_in(incident, answers)
        for language in diagnosis.LANGUAGES:
            if language not in named:
                yield self.finding(where, f"{incident.name}: {_unnamed(incident, language, answers)}")
        if len(named) < len(diagnosis.LANGUAGES):
            return
        if last["firing"] is None:
            yield Gap(f"{incident.name}: since when {incident.alert} fires is not known")
            return
        minutes = (last["received"] - last["firing"] + seen[-1].at - last["began"]) / 60
        taken[incident.name] = minutes
        if minutes > limit_minutes:
            late = f"{incident.culprit} was named after {minutes:.1f} min, {limit_minutes:g} at most"
            yield self.finding(where, f"{incident.name}: {late}")


def _unnamed(incident: Incident, language: str, answers: tuple[Answer, ...]) -> str:
    """What was asked in vain, and what came instead."""
    asked = [answer for answer in answers if answer.language == language]
    if not asked:
        return f"the runbook has no {language} query"
    wanted = incident.metrics if language == "promql" else incident.logs or {"newest": "old"}
    found = [answer.error or f"{dict(answer.first) or 'nothing'} of {answer.results}" for answer in asked]
    return f"no {language} query of the runbook names {dict(wanted)}; first came {'; '.join(found)}"
