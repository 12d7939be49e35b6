"""What is concluded from a comparison of the interpreter with Logstash, and what the suite does where there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks.logs.delivery import Delivery
from harness.checks.logs.interpreter import Interpreter
from harness.contracts import ContainerPlan, Context, Http, Plan
from harness.documents.configuration import Configuration
from harness.events import HistoryFile
from harness.judging import beyond_reach, judge
from harness.model import History, Judgement, Level, Observation, Position, Verdict
from harness.pipeline_comparison import tool
from harness.pipeline_comparison.comparing import Compared, Difference, Left, as_data
from harness.pipeline_comparison.playing import Distribution
from harness.settings import read_fixtures
from suites.logs import exercise
from suites.selftest.double_logstash_program import install
from suites.selftest.running import PROJECT

CONFIGURATION = Configuration.load(PROJECT / "config-under-test")
AT = Position("fixtures/logstash/caredroid.yml", 23, 3)


def concluded(told: dict[str, Any] | None, level: Level = Level.CONTAINER) -> Judgement:
    seen = [] if told is None else [Observation(1.0, "pipeline-comparison", "logstash", {"with": "logstash:9", **told})]
    return judge(Interpreter(), History.of(*seen), Context(CONFIGURATION, {}, {"logstash": level}))


def test_everything_compared_and_nothing_different_is_proven():
    judgement = concluded(as_data(Compared(events=1035, varying=1)))
    assert judgement.verdict is Verdict.PASS and judgement.level is Level.CONTAINER
    assert "1035 events" in judgement.reason and "1 fields vary" in judgement.reason


def test_a_difference_is_red_at_its_case_with_both_answers():
    many = tuple(Difference(AT, f"case {n}", "severity", "6", '"6"') for n in range(60))
    judgement = concluded(as_data(Compared(60, 0, many)))
    assert judgement.verdict is Verdict.FAIL and len(judgement.findings) == 13
    assert judgement.findings[0].position == AT
    assert judgement.findings[0].message == 'case 0: `severity`: the interpreter 6, Logstash "6"'
    assert judgement.findings[-1].message == "48 more differences"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (None, "was not compared"),
        (as_data(Compared()), "no event was compared"),
        (as_data(Compared(9, 0, (), (Left(AT, "a case", "the interpreter does not run it"),))), "1 events were not"),
        ({"silence": "Logstash ran none of the pipelines"}, "ran none"),
    ],
)
def test_what_was_not_compared_is_unknown(told, says):
    judgement = concluded(told)
    assert judgement.verdict is Verdict.UNKNOWN and says in judgement.reason and not beyond_reach(judgement)


def test_anything_but_logstash_itself_is_beyond_this_machine():
    judgement = concluded(as_data(Compared(events=9)), Level.NATIVE)
    assert judgement.verdict is Verdict.UNKNOWN and beyond_reach(judgement)


def asked(plan: Plan | ContainerPlan, folder: Path) -> History:
    """What the suite records where the pipeline runs so."""
    recorder = HistoryFile(folder / "history.ndjson")
    stack = SimpleNamespace(
        plans={"logstash": plan},
        fixtures_folder=PROJECT / "fixtures",
        fixtures=read_fixtures(PROJECT / "fixtures"),
        configuration=CONFIGURATION,
        seed=1,
        progress=lambda *_: None,
    )
    exercise._compare_implementations(stack, recorder)  # type: ignore[arg-type]
    return recorder.so_far()


def test_the_suite_compares_only_with_logstashs_own_image(tmp_path):
    stand_in = Plan("logstash", "logstash", (), Http("/"), Level.STAND_IN)
    development = ContainerPlan("logstash", "logstash", "logstash:dev", Level.NATIVE, Http("/"))
    assert not asked(stand_in, tmp_path).observations
    assert not asked(development, tmp_path).observations


@pytest.mark.parametrize(("fault", "verdict"), [("", Verdict.PASS), ("type", Verdict.FAIL), ("dies", Verdict.UNKNOWN)])
def test_the_suite_puts_cases_and_lines_through_both(fault, verdict, tmp_path, monkeypatch):
    program = install(tmp_path / "logstash", fault) / "bin" / "logstash"
    monkeypatch.setattr(exercise, "compare", lambda groups, _: tool.compare(groups, Distribution(program)))
    monkeypatch.setattr(exercise, "COMPARED_LINES", 30)
    official = ContainerPlan("logstash", "logstash", "logstash:9", Level.CONTAINER, Http("/"))
    history = asked(official, tmp_path)
    judgement = judge(Interpreter(), history, Context(CONFIGURATION, {}, {"logstash": Level.CONTAINER}))
    assert judgement.verdict is verdict, judgement.reason
    assert not judgement.findings or judgement.findings[0].position.file == AT.file


def test_lines_that_logstash_itself_lost_are_red_and_the_hop_is_left_open():
    fate = {
        "sent": 9, "stored": 8, "missing": {"total": 1, "ids": ["e-1"]}, "duplicated": {"total": 0, "ids": []},
        "missing_kinds": {"access": 1}, "sent_kinds": {"access": 9}, "missing_dead": {}, "missing_hops": {},
        "hops_told": False,
    }  # fmt: skip
    sent = Observation(1.0, "log-sent", "logs", {"count": 9})
    judgement = judge(
        Delivery(), History.of(sent, Observation(2.0, "log-line-fate", "logs", fate)), Context(CONFIGURATION)
    )
    assert judgement.verdict is Verdict.FAIL
    assert "the hop that lost them cannot be told" in judgement.reason and "filebeat" not in judgement.reason
