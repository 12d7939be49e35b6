"""Diagnosing by runbook: what names a culprit, and the suite's verifiers on histories written as literals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import yaml

from harness import diagnosis
from harness.checks.diagnosis.mttr import Mttr
from harness.checks.diagnosis.same_numbers import SameNumbers
from harness.contracts import Check, Context
from harness.diagnosis import Agreement, Answer, Incident
from harness.documents.configuration import Configuration
from harness.documents.runbook import Runbook
from harness.errors import UnreadableError
from harness.generators import scenario
from harness.generators.logs import LogGenerator
from harness.generators.metrics import read_world
from harness.generators.notation import STEP_SECONDS
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict
from suites.diagnosis import exercise

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = yaml.safe_load((PROJECT / "fixtures/incidents.yml").read_text(encoding="utf-8"))
INCIDENTS = diagnosis.read(SHIPPED)
POOL = INCIDENTS[0]
STALLED = next(incident for incident in INCIDENTS if incident.silent_seconds is not None)
SERVICES = ("prometheus", "alertmanager", "elasticsearch", "filebeat", "logstash")


def judged(check: type[Check], *seen: Observation, incidents: Any = SHIPPED) -> Judgement:
    fixtures = {"incidents": incidents, "baselines": {"baselines": [{"id": "mttr", "limit": 5}]}}
    levels = dict.fromkeys(SERVICES, Level.NATIVE)
    return judge(check(), History.of(*seen), Context(Configuration.of_texts({}), fixtures, levels))


def answer(incident: Incident, language: str) -> Answer:
    """An answer that names the culprit of an incident."""
    if language == "promql":
        return Answer("promql", "q", incident.metrics, incident.above + 1, 3)
    return Answer("kql", "q", incident.logs, 9, 12, (incident.silent_seconds or 0.0) + 60)


def played(incident: Incident) -> Observation:
    return Observation(0.0, "incident", incident.name, {"alert": incident.alert, "injected": -60.0})


def tried(incident: Incident, *answers: Answer, at: float = 102.0, **more: Any) -> Observation:
    data = {"alert": incident.alert, "page": "docs/runbooks/a.md", "firing": 70.0, "received": 100.0, "began": 101.0}
    return Observation(at, "diagnosis", incident.name, data | {"answers": [a.as_data() for a in answers]} | more)


def solved(incident: Incident, **more: Any) -> list[Observation]:
    return [played(incident), tried(incident, answer(incident, "promql"), answer(incident, "kql"), **more)]


class TestNaming:
    def test_the_first_series_above_the_limit_names(self):
        assert diagnosis.names(POOL, Answer("promql", "q", {"operation": "update", "job": "x"}, 3, 2))
        assert diagnosis.names(STALLED, Answer("promql", "q", {"job": "caredroid-backend"}, 301, 1))

    @pytest.mark.parametrize(
        "wrong",
        [
            Answer("promql", "q", {"operation": "select"}, 3, 2),
            Answer("promql", "q", {"operation": "update"}, 0, 2),
            Answer("promql", "q"),
            Answer("promql", "q", {"operation": "update"}, 3, 2, error="timed out"),
            Answer("kql", "q", {"route": "/api"}, 3, 2),
            Answer("kql", "q", {}, 3, 2),
        ],
    )
    def test_anything_else_does_not(self, wrong):
        assert not diagnosis.names(POOL, wrong)

    def test_silence_is_lines_that_ended_not_lines_that_never_were(self):
        assert diagnosis.names(STALLED, Answer("kql", "q", {}, 90, 90, 360.0))
        assert not diagnosis.names(STALLED, Answer("kql", "q", {}, 90, 90, 12.0))
        assert not diagnosis.names(STALLED, Answer("kql", "q", {}, 0, 0, None))

    @pytest.mark.parametrize(
        ("compare", "within", "metric", "logged", "same"),
        [
            ("count", 0.25, 100, 80, True),
            ("count", 0.25, 100, 74, False),
            ("count", 0.25, 0, 0, False),
            ("age", 40, 400, 430, True),
            ("age", 40, 400, 445, False),
        ],
    )
    def test_figures_agree_within_what_sampling_allows(self, compare, within, metric, logged, same):
        assert diagnosis.agrees(Agreement("p", "k", compare, within, 60), metric, logged) is same

    def test_an_incident_that_lacks_something_is_said_to(self):
        with pytest.raises(UnreadableError, match="culprit"):
            diagnosis.read({"incidents": [{k: v for k, v in SHIPPED["incidents"][0].items() if k != "culprit"}]})

    def test_a_page_is_the_last_part_of_its_address(self):
        assert diagnosis.page_of("https://r.example/books/cache-down.md?x=1#act") == "cache-down"


class TestMttr:
    def test_all_named_in_time(self):
        judgement = judged(Mttr, *(seen for incident in INCIDENTS for seen in solved(incident)))
        assert (judgement.verdict, judgement.level) == (Verdict.PASS, Level.NATIVE)
        assert judgement.proofs[0].value == pytest.approx(31 / 60, abs=1e-3)

    def test_nothing_played_is_unknown_and_so_is_one_that_is_left_out(self):
        assert judged(Mttr).verdict is Verdict.UNKNOWN
        assert judged(Mttr, *(s for i in INCIDENTS[1:] for s in solved(i))).verdict is Verdict.UNKNOWN

    def test_too_few_incidents_are_unknown(self):
        few = SHIPPED | {"incidents": SHIPPED["incidents"][:5]}
        seen = (s for i in INCIDENTS[:5] for s in solved(i))
        assert judged(Mttr, *seen, incidents=few).verdict is Verdict.UNKNOWN

    def test_an_alert_that_never_came(self):
        judgement = judged(Mttr, played(POOL))
        assert any("DatabasePoolExhausted was not received" in gap.reason for gap in judgement.gaps)

    def test_a_runbook_that_names_somebody_else_fails_and_says_whom(self):
        wrong = Answer("promql", "q", {"operation": "select"}, 3, 2)
        judgement = judged(Mttr, played(POOL), tried(POOL, wrong, answer(POOL, "kql")))
        assert judgement.verdict is Verdict.FAIL
        assert "no promql query of the runbook names {'operation': 'update'}" in judgement.reason
        assert "{'operation': 'select'} of 2" in judgement.reason
        assert judgement.findings[0].position.file == "docs/runbooks/a.md"

    def test_a_runbook_without_a_log_query_fails(self):
        judgement = judged(Mttr, played(POOL), tried(POOL, answer(POOL, "promql")))
        assert "the runbook has no kql query" in judgement.reason

    def test_a_notification_without_the_link_fails(self):
        assert "links to no runbook" in judged(Mttr, played(POOL), tried(POOL, page="")).reason

    def test_too_late(self):
        seen = (s for i in INCIDENTS for s in solved(i, at=500.0))
        assert "was named after 7.2 min, 5 at most" in judged(Mttr, *seen).reason


class TestSameNumbers:
    def figures(self, incident: Incident, metric: float, logged: float, error: str = "") -> Observation:
        data = {"compare": "count", "metric": metric, "logged": logged, "kql": "k", "promql": "p", "error": error}
        return Observation(0.0, "incident-figures", incident.name, data)

    def test_alike(self):
        assert judged(SameNumbers, *(self.figures(i, 300, 300) for i in INCIDENTS)).verdict is Verdict.PASS

    def test_lines_missing(self):
        judgement = judged(SameNumbers, self.figures(POOL, 60, 30))
        assert (judgement.verdict, "60 by the metrics, 30 by the logs" in judgement.reason) == (Verdict.FAIL, True)

    def test_not_asked_and_not_answered_is_unknown(self):
        assert judged(SameNumbers).verdict is Verdict.UNKNOWN
        assert (
            judged(SameNumbers, *(self.figures(i, 300, 300, "timed out") for i in INCIDENTS)).verdict is Verdict.UNKNOWN
        )


def load(name: str) -> Any:
    return yaml.safe_load((PROJECT / "fixtures" / f"{name}.yml").read_text(encoding="utf-8"))


class TestShipped:
    def test_every_incident_is_of_a_scenario_that_fires_its_alert(self):
        for incident in INCIDENTS:
            played = scenario.read("s", load(f"scenarios/{incident.scenario}"), "s")
            assert incident.alert in played.fires, incident.name
            assert played.logs, incident.name

    def test_every_runbook_of_an_incident_asks_metrics_and_logs(self):
        pages = {p.name: p for p in Configuration.load(PROJECT / "config-under-test").of(Runbook)}
        for incident in INCIDENTS:
            slug = "".join(f"-{c.lower()}" if c.isupper() else c for c in incident.alert).lstrip("-")
            assert {q.language for q in pages[slug].queries} >= set(diagnosis.LANGUAGES), incident.name

    @pytest.mark.parametrize("name", ["wave-1", "wave-2"])
    def test_the_lines_of_a_scenario_can_be_written(self, name):
        played = scenario.read(name, load(f"scenarios/{name}"), name)
        lines = list(LogGenerator(5, load("catalog"), load("logs")).incident(played.logs, name, 1_700_000_000_000))
        assert len(lines) > 1000
        assert len({line.event_id for line in lines}) == len(lines)

    def test_the_failed_logins_of_metrics_and_lines_are_as_many(self):
        played = scenario.read("wave-2", load("scenarios/wave-2"), "s")
        world = read_world(load("world"), load("catalog"))
        (track,) = (t for t in played.tracks if t.name == "auth_attempts_total")
        counted = [track.at(s, counter=track.name in world.counters) or 0.0 for s in (1800.0, 1860.0)]
        lines = LogGenerator(5, load("catalog"), load("logs")).incident(played.logs, "wave-2", 0)
        stamps = [line.text for line in lines if '"statusCode":401' in line.text]
        within = [text for text in stamps if "1970-01-01T00:30" in text]
        assert len(within) == pytest.approx(counted[1] - counted[0], rel=0.02)
        assert STEP_SECONDS == 15


def test_a_block_says_by_what_it_is_broken_down():
    text = "# A\n\n```kql by=route\nlevel: error\n```\n\n```promql\nup\n```\n"
    (page,) = Configuration.of_texts({"runbooks/a.md": text}).of(Runbook)
    assert [(q.language, dict(q.options)) for q in page.queries] == [("kql", {"by": "route"}), ("promql", {})]


class TestSampledUntil:
    """Windows of 60 s over scrapes every 15 s."""

    SCRAPED: ClassVar[list[float]] = [float(at) for at in range(0, 301, 15)]

    def until(self, *series: list[float], since: float = 0.0) -> float | None:
        return diagnosis.sampled_until(series, since, 304.0, 60.0)

    def test_the_newest_window_where_nothing_is_missing(self):
        assert self.until(self.SCRAPED, [at + 4 for at in self.SCRAPED[:-1]]) == 304.0

    @pytest.mark.parametrize(
        ("lost", "end"),
        [({300.0, 285.0}, 292.0), ({240.0, 255.0}, 247.0), ({270.0}, 277.0)],
    )
    def test_an_earlier_one_where_samples_are(self, lost, end):
        assert self.until(self.SCRAPED, [at for at in self.SCRAPED if at not in lost]) == end

    def test_none_before_the_incident_began(self):
        without = [at for at in self.SCRAPED if at not in (240.0, 255.0)]
        assert self.until(without, since=180.0) == 247.0
        assert self.until(without, since=190.0) is None

    @pytest.mark.parametrize("series", [[], [[]], [[300.0]]])
    def test_what_was_hardly_sampled_tells_nothing(self, series):
        assert self.until(*series) is None


class TestExercise:
    def test_a_figure_is_looked_at_until_the_lines_tell_it_too(self):
        told = exercise._Told(POOL, Answer("promql", "q", {}, 60.0, 1))
        assert told.look(16.0, "") and not told.look(16.0, "") and not told.alike
        assert told.look(58.0, "") and told.alike
        assert (told.data("")["logged"], told.data("")["asked"], told.data("")["error"]) == (58.0, 3, "")

    def test_lines_that_still_arrive_are_said_to_and_are_no_lines_missing(self):
        told = exercise._Told(POOL, Answer("promql", "q", {}, 60.0, 1), logged=16.0)
        data = told.data("its lines were still arriving after 120 s")
        judgement = judged(SameNumbers, Observation(0.0, "incident-figures", POOL.name, dict(data)))
        assert judgement.verdict is Verdict.UNKNOWN
        assert any("still arriving" in gap.reason for gap in judgement.gaps)

    def test_what_a_server_did_not_answer_comes_before_what_is_on_its_way(self):
        told = exercise._Told(POOL, Answer("promql", "q", error="refused"), error="timed out")
        assert told.data("late")["error"] == "refused"

    @pytest.mark.parametrize(("compare", "asked"), [("count", "(a or b) and eventId: 0badc0de-*"), ("age", "a or b")])
    def test_counted_are_the_lines_of_the_backend_that_the_metrics_are_of(self, compare, asked):
        work, queries = object.__new__(exercise._Work), []

        def ask(query: str, by: str, span: object) -> Answer:
            queries.append(query)
            return Answer("kql", query, results=7)

        work._own, work._lookback, work._logs = "eventId: 0badc0de-*", 900.0, SimpleNamespace(ask=ask)
        agreement = Agreement("up", "a or b", compare, 0.25, 60.0)
        told, error = work._logged(replace(POOL, agreement=agreement), 1000.0)
        assert (queries, told, error) == ([asked], 7.0 if compare == "count" else 0.0, "")
