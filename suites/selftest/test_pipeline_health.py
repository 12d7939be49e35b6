"""What Logstash tells of its own pipelines: the probe against a double of its API, the verifier on what it recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks.logs.pipeline_health import PipelineHealth
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.events import HistoryFile
from harness.judging import beyond_reach, judge
from harness.model import History, Judgement, Level, Observation, Severity, Verdict
from harness.probes import logstash_health
from suites.logs import exercise
from suites.selftest.double_logstash import Answers, serving
from suites.selftest.running import PROJECT

CONFIGURATION = Configuration.load(PROJECT / "config-under-test")
SENT = {"count": 110, "malformed": 10}


class _Asked:
    """As much of a stack as the question needs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, name: str) -> str:
        return self._url


def recorded(answers: Answers, folder: Any) -> History:
    """What the suite records of a Logstash that answers so, asked as the suite asks."""
    recorder = HistoryFile(folder / "history.ndjson")
    recorder.record("log-sent", "logs", SENT)
    with serving(answers) as url:
        exercise._ask_pipelines(_Asked(url), recorder)  # type: ignore[arg-type]
    return recorder.so_far()


def concluded(history: History, level: Level = Level.CONTAINER) -> Judgement:
    return judge(PipelineHealth(), history, Context(CONFIGURATION, {}, {"logstash": level}))


def test_a_healthy_logstash_passes_at_the_level_of_its_image(tmp_path):
    judgement = concluded(recorded(Answers(), tmp_path))
    assert judgement.verdict is Verdict.PASS and judgement.level is Level.CONTAINER, judgement.reason
    assert judgement.proofs[0].statement.startswith("main green: 120 events in, 120 out") and not judgement.findings


def test_anything_but_logstash_itself_is_beyond_this_machine(tmp_path):
    for level in (Level.STATIC, Level.STAND_IN, Level.NATIVE):
        judgement = concluded(recorded(Answers(), tmp_path), level)
        assert judgement.verdict is Verdict.UNKNOWN and beyond_reach(judgement)


def test_nobody_asked_is_unknown():
    judgement = concluded(History.of())
    assert judgement.verdict is Verdict.UNKNOWN and not beyond_reach(judgement)


def _set(*path: str, to: Any) -> Callable[[Answers], None]:
    def change(answers: Answers) -> None:
        node = answers.main
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = to

    return change


def _refusals(answers: Answers) -> None:
    answers.main["plugins"]["outputs"][0]["documents"]["dlq_routed"] = 3


def _reload(answers: Answers) -> None:
    answers.main["reloads"].update(failures=2, last_error={"message": "Expected one of [ \\t\\r\\n]", "backtrace": []})


def _nothing(answers: Answers) -> None:
    answers.missing.add("/_node/stats/pipelines")


RED: dict[str, tuple[Callable[[Answers], None], str]] = {
    "a pipeline that is red": (
        lambda a: a.ill("red", "The pipeline is unhealthy", "pipeline is not running"),
        "Logstash says it is red: The pipeline is unhealthy; pipeline is not running",
    ),
    "a reload that failed": (_reload, "2 failed reloads, the last: Expected one of"),
    "documents in the dead letter queue": (_refusals, "refused 3 documents of the output output_logs"),
    "a dead letter queue that is full": (_set("dead_letter_queue", "dropped_events", to=7), "7 dropped events"),
    "events that never came in": (_set("events", "in", to=90), "90 events came into Logstash, of 120 lines"),
    "events that wait": (_set("queue", "events_count", to=40), "40 events still wait"),
    "events that filters have in hand": (_set("events", "filtered", to=100), "20 events still wait"),
    "events that were swallowed": (_set("events", "out", to=100), "20 of 120 events went in and did not come out"),
    "no pipeline": (_nothing, "Logstash runs no pipeline"),
}


@pytest.mark.parametrize(("fault", "says"), RED.values(), ids=RED)
def test_a_fault_is_red_and_names_it(fault, says, tmp_path):
    answers = Answers()
    fault(answers)
    judgement = concluded(recorded(answers, tmp_path))
    assert judgement.verdict is Verdict.FAIL and any(says in f.message for f in judgement.findings), judgement


def test_yellow_is_shown_and_no_failure(tmp_path):
    answers = Answers()
    answers.ill("yellow", "The pipeline is concerning", "pipeline workers have been more than 95% utilized")
    judgement = concluded(recorded(answers, tmp_path))
    assert judgement.verdict is Verdict.PASS
    assert [f.severity for f in judgement.findings] == [Severity.WARNING]
    assert "95% utilized" in judgement.findings[0].message


UNKNOWN: dict[str, tuple[Callable[[Answers], None], str]] = {
    "a Logstash before 8.16": (lambda a: a.missing.add("/_health_report"), "no health report"),
    "an indicator that does not know": (lambda a: a.ill("unknown", "not known"), "its health is unknown"),
    "a health report without the pipeline": (
        lambda a: a.health["indicators"]["pipelines"].update(indicators={}),
        "its health is unknown",
    ),
    "an API that fails": (lambda a: a.broken.add("/_health_report"), "did not tell how its pipelines are: 500"),
    "statistics without counts": (_set("events", to={}), "does not tell its events"),
}


@pytest.mark.parametrize(("fault", "says"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_was_not_told_is_unknown_and_never_green(fault, says, tmp_path):
    answers = Answers()
    fault(answers)
    judgement = concluded(recorded(answers, tmp_path))
    assert judgement.verdict in (Verdict.UNKNOWN, Verdict.FAIL), judgement
    assert any(says in gap.reason for gap in judgement.gaps), judgement.gaps


def test_a_logstash_that_does_not_answer_is_unknown(tmp_path):
    recorder = HistoryFile(tmp_path / "history.ndjson")
    recorder.record("log-sent", "logs", SENT)
    exercise._ask_pipelines(_Asked("http://127.0.0.1:9"), recorder)  # type: ignore[arg-type]
    judgement = concluded(recorder.so_far())
    assert judgement.verdict is Verdict.UNKNOWN and "did not tell" in judgement.reason and not beyond_reach(judgement)


def test_nothing_written_proves_nothing(tmp_path):
    with serving(Answers()) as url:
        told = {"pipelines": logstash_health.pipelines(url)}
    judgement = concluded(History.of(Observation(1.0, "pipeline-health", "logstash", told)))
    assert judgement.verdict is Verdict.UNKNOWN and "no log line was written" in judgement.reason


def test_a_pipeline_that_never_came_up_is_named_by_the_health_report_alone(tmp_path):
    answers = Answers()
    other = {"status": "red", "symptom": "The pipeline is unhealthy", "diagnosis": [{"cause": "failed to start"}]}
    answers.health["indicators"]["pipelines"]["indicators"]["second"] = other
    judgement = concluded(recorded(answers, tmp_path))
    assert judgement.verdict is Verdict.FAIL
    assert any("second: Logstash says it is red" in f.message for f in judgement.findings)
