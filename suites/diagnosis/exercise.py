"""What is done to the running stack so that its runbooks can be judged: nobody looks, the runbooks' own queries do.

The scenarios' log lines are written as the backend would write them while their metrics are scraped. As soon as an
incident's alert has been received, the page that the notification links to is opened and every query in it is run,
again and again until one names the culprit in the metrics and one in the logs, or its time is up.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from harness import alert_latency, diagnosis, wait
from harness.contracts import Recorder
from harness.diagnosis import Answer, Incident
from harness.documents.durations import seconds
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.documents.searches import templates_of
from harness.errors import DeadlineError
from harness.generators.logs import Line, LogGenerator
from harness.lane import Lane
from harness.model import Observation
from harness.probes import runbook_query
from harness.probes.grafana_connection import RefusedError
from harness.stack import Stack

NEEDS = ("pipeline", "alerting")
AFTER = ("logs", "searches", "kibana", "dashboards", "retention", "resilience")
STAND_INS = ("caredroid-backend",)

READER = "log_reader"
WATCHED_SECONDS = 180.0
ROUND_SECONDS = 1.0
OWN_SEED = 2_000_003
"""Added to the run's seed: ids must differ from those that other suites write."""
LAG_SECONDS = 8.0
"""How long before now the window ends in which figures are compared: its last samples must have been scraped."""
EARLIER_SECONDS = 600.0
"""How far back a window may begin in which figures are compared, where scrapes are missing in later ones."""
QUIET_SECONDS = 15.0
"""How long nothing more must arrive before lines that have not come count as missing."""
ARRIVAL_SECONDS = 120.0
MAIN = ""
"""The lane of the Alertmanager that the waves notify."""
_STAMP = re.compile(r'"timestamp":"([^"]+)"')


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Write the incidents' lines, and diagnose each incident once its alert has come."""
    incidents = [one for one in diagnosis.read(stack.fixtures["incidents"]) if one.scenario in stack.lanes]
    for incident in incidents:
        injected = stack.lanes[incident.scenario].timeline.incident + incident.begins_seconds
        told = {"alert": incident.alert, "scenario": incident.scenario, "culprit": incident.culprit}
        recorder.record("incident", incident.name, {**told, "injected": injected})
    work = _Work(stack, recorder, incidents)
    saying = "every culprit to be named"
    try:
        wait.until(work.round, deadline=WATCHED_SECONDS, saying=saying, every=ROUND_SECONDS, seen=work.open)
    except DeadlineError as error:
        recorder.record("diagnosis-deadline", "window", {"message": error.message})
    work.compare(incidents)


@dataclass
class _Told:
    """One figure of an incident: as the metrics tell it, and as the lines told it when last looked at."""

    incident: Incident
    metric: Answer
    end: float = 0.0
    logged: float = 0.0
    error: str = ""
    asked: int = 0

    @property
    def alike(self) -> bool:
        """Whether both are the same."""
        return diagnosis.agrees(self.incident.agreement, self.metric.value, self.logged)

    def look(self, logged: float, error: str) -> bool:
        """Take what the lines tell now; whether that is something else than before."""
        before, self.logged, self.error, self.asked = self.logged, logged, error, self.asked + 1
        return before != logged

    def data(self, error: str) -> Mapping[str, Any]:
        """As the history holds it."""
        agreement = self.incident.agreement
        told = {"metric": self.metric.value, "logged": self.logged, "error": self.metric.error or self.error or error}
        return told | {
            "compare": agreement.compare,
            "asked": self.asked,
            "end": self.end,
            "promql": agreement.promql,
            "kql": agreement.kql,
        }


class _Work:
    """The incidents that are still open, and the lines that are still to be written."""

    def __init__(self, stack: Stack, recorder: Recorder, incidents: list[Incident]) -> None:
        self._stack = stack
        self._recorder = recorder
        self._open = {incident.name: incident for incident in incidents}
        self._begun: dict[str, float] = {}
        self._rounds: dict[str, int] = defaultdict(int)
        self._pages = {page.name: page for page in stack.configuration.of(Runbook)}
        generator = LogGenerator(stack.seed + OWN_SEED, stack.fixtures["catalog"], stack.fixtures["logs"])
        self._lines = deque(_lines(stack, generator))
        self._own = f"eventId: {generator.prefix}-*"
        given, index = stack.fixtures["incidents"], stack.fixtures["deployment"]["logs"]["alias"]
        self._lookback = seconds(given["lookback"]) or 900.0
        auth, mapping = stack.elasticsearch_auth(READER), _mapping(stack, index)
        self._logs = runbook_query.Logs(stack.url("elasticsearch"), auth, index, given["time_field"], mapping)

    def open(self) -> str:
        """The incidents whose culprit is not named."""
        return ", ".join(self._open)

    def round(self) -> bool:
        """Write what is due, then try every open incident whose alert has come. True when none is open."""
        self._stack.require_alive()
        self._write()
        for incident in list(self._open.values()):
            received = self._received(incident)
            if received is not None and self._diagnose(incident, received):
                del self._open[incident.name]
        self._stack.progress(f"open: {self.open() or 'none'}", phase="diagnosis")
        return not self._open

    def compare(self, incidents: list[Incident]) -> None:
        """Record the figure that metrics and logs must both tell of each, over one window, once its lines are there.

        That window is the newest in which no scrape is missing.
        Lines that are still arriving at the end are no lines missing: that is recorded as an error of the measurement.
        """
        self._write()
        told = {one.name: self._told(one, time.time() - LAG_SECONDS) for one in incidents}
        changed = time.time()

        def over() -> bool:
            nonlocal changed
            for one in told.values():
                if not one.alike and one.look(*self._logged(one.incident, one.end)):
                    changed = time.time()
            return all(one.alike for one in told.values()) or time.time() - changed > QUIET_SECONDS

        error = ""
        try:
            wait.until(over, deadline=ARRIVAL_SECONDS, saying="the lines of the window", every=ROUND_SECONDS)
        except DeadlineError:
            error = f"its lines were still arriving after {ARRIVAL_SECONDS:g} s"
        for one in told.values():
            self._recorder.record("incident-figures", one.incident.name, one.data("" if one.alike else error))

    def _told(self, incident: Incident, now: float) -> _Told:
        """The figure as the metrics tell it, at the newest moment at which they can."""
        url, agreement = self._prometheus(incident), incident.agreement
        end: float | None = now
        if agreement.compare != "age":
            since = max(
                self._stack.lanes[incident.scenario].timeline.incident + incident.begins_seconds, now - EARLIER_SECONDS
            )
            try:
                series = runbook_query.scrapes(url, agreement.promql, since, now)
            except RefusedError as error:
                return _Told(incident, Answer("promql", agreement.promql, error=str(error)), now)
            end = diagnosis.sampled_until(series, since, now, agreement.window_seconds)
        if end is None:
            why = f"in no {agreement.window_seconds:g} s of the incident was every sample scraped"
            return _Told(incident, Answer("promql", agreement.promql, error=why), now)
        return _Told(incident, runbook_query.ask_prometheus(url, agreement.promql, end), end)

    def _logged(self, incident: Incident, end: float) -> tuple[float, str]:
        """The figure as the lines up to a moment tell it, and why it could not be had.

        Counted are the lines of the backend whose metrics they are compared with: other suites write lines of others.
        """
        age = incident.agreement.compare == "age"
        span = runbook_query.last(self._lookback if age else incident.agreement.window_seconds, end)
        kql = incident.agreement.kql
        found = self._logs.ask(kql if age else f"({kql}) and {self._own}", "", span)
        if not age:
            return float(found.results), found.error
        newest = found.newest_seconds
        return (0.0 if newest is None else round(newest - (time.time() - end))), found.error

    def _write(self) -> None:
        """Append the lines whose moment has come, as the backend does: one file per kind."""
        now = time.time()
        due: dict[str, list[str]] = defaultdict(list)
        while self._lines and self._lines[0][0] <= now:
            _, line = self._lines.popleft()
            due[line.kind].append(line.text)
        for kind, texts in due.items():
            with (self._stack.log_folder / f"{kind}.log").open("a", encoding="utf-8") as file:
                file.write("\n".join(texts) + "\n")

    def _received(self, incident: Incident) -> Observation | None:
        """The first notification of the incident's alert, in any channel."""
        named = re.compile(rf"(?<!\w){re.escape(incident.alert)}(?!\w)")
        for seen in self._recorder.so_far().of_kind("notification"):  # type: ignore[attr-defined]
            if seen.data["lane"] == MAIN and seen.data["delivered"] and named.search(str(seen.data["text"])):
                return seen
        return None

    def _diagnose(self, incident: Incident, received: Observation) -> bool:
        """Run the runbook once; record what it answered. Whether the culprit is named in metrics and in logs."""
        began = self._begun.setdefault(incident.name, time.time())
        self._rounds[incident.name] += 1
        page = self._page(incident, received)
        answers = tuple(self._answers(incident, page)) if page else ()
        named = diagnosis.named_in(incident, answers)
        data = {
            "alert": incident.alert,
            "page": page.file if page else "",
            "firing": self._firing(incident),
            "received": received.at,
            "began": began,
            "named": sorted(named),
            "rounds": self._rounds[incident.name],
            "answers": [answer.as_data() for answer in answers],
        }
        self._recorder.record("diagnosis", incident.name, data)
        return named == set(diagnosis.LANGUAGES)

    def _firing(self, incident: Incident) -> float | None:
        """Since when Alertmanager says that the alert fires (Unix seconds); None when it does not answer with it."""
        asked = {"filter": f'alertname="{incident.alert}"'}
        held = requests.get(f"{self._stack.url('alertmanager')}/api/v2/alerts", params=asked, timeout=5).json()
        return min((alert_latency.moment(alert["startsAt"]) for alert in held), default=None)

    def _page(self, incident: Incident, received: Observation) -> Runbook | None:
        """The runbook of the alert's rule, if the notification links to it."""
        for rules in self._stack.configuration.of(Rules):
            for alert in rules.alerts:
                link = alert.annotations.get("runbook_url", "")
                if alert.name == incident.alert and link and link in str(received.data["text"]):
                    return self._pages.get(diagnosis.page_of(link))
        return None

    def _answers(self, incident: Incident, page: Runbook) -> Iterator[Answer]:
        for query in page.queries:
            if query.language == "promql":
                yield runbook_query.ask_prometheus(self._prometheus(incident), query.text)
            elif query.language == "kql":
                yield self._logs.ask(query.text, query.options.get("by", ""), runbook_query.last(self._lookback))

    def _prometheus(self, incident: Incident) -> str:
        lane: Lane = self._stack.lanes[incident.scenario]
        return lane.instance.url if lane.instance else ""


def _lines(stack: Stack, generator: LogGenerator) -> list[tuple[float, Line]]:
    """Every line of the scenarios that play, with its moment (Unix seconds), in the order of time."""
    found: list[tuple[float, Line]] = []
    for name, lane in stack.lanes.items():
        begins = int(lane.timeline.incident * 1000)
        lines = generator.incident(lane.scenario.logs, f"fixtures/scenarios/{name}.yml", begins)
        found.extend((_moment(line), line) for line in lines)
    return sorted(found, key=lambda one: one[0])


def _moment(line: Line) -> float:
    written = _STAMP.search(line.text)
    return datetime.fromisoformat(written[1].replace("Z", "+00:00")).timestamp() if written else 0.0


def _mapping(stack: Stack, index: str) -> Mapping[str, Any]:
    """The mapping of the log index, as its template gives it."""
    properties: dict[str, Any] = {}
    for template in templates_of(index, stack.configuration.of(IndexTemplate)):
        body = template.tree.value.get("template", template.tree.value)
        properties.update((body.get("mappings") or {}).get("properties") or {})
    return {"properties": properties}
