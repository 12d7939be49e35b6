"""The log pipeline is broken on purpose, and each break must be seen at the hop that made it, on running servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness import run
from harness.errors import HarnessError
from harness.model import Judgement, Level, Verdict
from harness.plugin import _Quiet
from harness.services import logstash
from harness.settings import Settings
from harness.toolchain import locate
from suites.selftest.running import PROJECT

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

PIPELINE, SHIPPER = "config/logstash.conf", "config/filebeat.yml"
NO_ID = (PIPELINE, '      document_id => "%{eventId}"\n', "")
SHORT_LINES = (SHIPPER, "message_max_bytes: 10485760", "message_max_bytes: 65536")

SUITE = """
import importlib.util
spec = importlib.util.spec_from_file_location("resilience_exercise", {path!r})
whole = importlib.util.module_from_spec(spec)
spec.loader.exec_module(whole)
whole.FAULTS = tuple(getattr(whole, name) for name in {faults!r})
NEEDS, STAND_INS, exercise = whole.NEEDS, whole.STAND_INS, whole.exercise
"""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Mapping[str, Judgement]]:
    """Play some faults on a configuration; the judgement of each verifier by its name."""
    try:
        locate()
    except HarnessError as error:
        pytest.skip(f"no toolchain here: {error.message}")
    monkeypatch.setenv("HARNESS_PROJECT", str(PROJECT))
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))

    def play(config: Path, *faults: str) -> Mapping[str, Judgement]:
        folder = tmp_path / "suites" / "resilience"
        folder.mkdir(parents=True)
        text = SUITE.format(path=str(PROJECT / "suites/resilience/exercise.py"), faults=faults)
        (folder / "exercise.py").write_text(text)
        settings = replace(Settings.here(config), suites=tmp_path / "suites")
        report = run.verify(run.Request(settings, ("resilience",)), _Quiet())
        return {one.check.removeprefix("resilience/"): one for one in report.judgements}

    return play


def test_one_that_acknowledges_before_it_stores_is_caught(play, monkeypatch):
    honest = logstash.plan

    def lying(*arguments: object) -> object:
        plan = honest(*arguments)  # type: ignore[arg-type]
        script = str(Path(__file__).with_name("lying_stand_in.py"))
        words = [word for word in plan.argv if word not in ("-m", "harness.services.logstash_server")]
        return replace(plan, argv=(words[0], script, *words[1:]))

    monkeypatch.setattr(logstash, "plan", lying)
    judged = play(PROJECT / "config-under-test", "logstash_killed")
    caught = judged["logstash-killed"]
    assert caught.verdict is Verdict.FAIL
    assert "received by Logstash and not stored" in caught.reason
    assert caught.findings[0].position.file == PIPELINE
    assert judged["steady-load"].verdict is Verdict.UNKNOWN


def test_documents_without_an_id_and_lines_cut_short_are_caught(play, broken):
    judged = play(broken(NO_ID, SHORT_LINES), "odd_lines", "copytruncate_rotation")
    twice = judged["copytruncate-rotation"]
    assert twice.verdict is Verdict.FAIL
    assert "are stored more than once" in twice.reason
    assert twice.findings[-1].position.file == PIPELINE
    cut = judged["large-lines"]
    assert cut.verdict is Verdict.FAIL
    assert any("never handed on by Filebeat" in one.message and one.position.file == SHIPPER for one in cut.findings)
    assert judged["burst"].verdict is Verdict.UNKNOWN


def test_a_pipeline_that_leaves_no_trail_is_judged_by_what_is_stored_and_no_hop_is_named(play, monkeypatch):
    with_trail = logstash.plan

    def without(*arguments: object) -> object:
        plan = with_trail(*arguments)  # type: ignore[arg-type]
        words = tuple(word for word in plan.argv if not word.startswith("--trail="))
        return replace(plan, argv=words, level=Level.NATIVE)  # as Logstash itself: counters, and no trail

    monkeypatch.setattr(logstash, "plan", without)
    judged = play(PROJECT / "config-under-test", "logstash_killed", "elasticsearch_read_only")
    assert judged["logstash-killed"].verdict is Verdict.PASS, judged["logstash-killed"]
    assert judged["elasticsearch-read-only"].verdict is Verdict.PASS, judged["elasticsearch-read-only"]
