"""The interpreter against Logstash: a double that plays Logstash by the interpreter shows what would be noticed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import StackError, UnreadableError
from harness.model import Level, Position, Verdict
from harness.pipeline_comparison import arranging, rehearsal
from harness.pipeline_comparison.answers import interpreted, written
from harness.pipeline_comparison.comparing import Compared, Difference, Left, compared
from harness.pipeline_comparison.material import Group, Question, read
from harness.pipeline_comparison.playing import Distribution, Image, at_hand
from harness.pipeline_comparison.tool import compare, verdict
from suites.selftest.double_logstash_program import install
from suites.selftest.running import PROJECT

CASES = PROJECT / "fixtures/logstash/caredroid.yml"
FILTERS = Path(__file__).parent / "test_logstash_filters.yaml"
PIPELINE = """\
input { beats { port => 5044 } }   # not run
filter {
  # a brace in a comment }
  if [message] =~ /^\\{/ { mutate { add_tag => ["braced }"] replace => { "kind" => "${KIND:usual}" } } }
  mutate { add_field => { "[@metadata][to]" => "x" } }
}
output {
  if "braced }" in [tags] { elasticsearch { id => "es" index => "a-%{kind}" document_id => "%{id}" } }
  else { null { } } # }
  stdout { }
}
"""


def group(text: str, *events: dict[str, Any], env: dict[str, str] | None = None) -> Group:
    asked = tuple(Question(f"case {n}", Position("cases.yml", n), event) for n, event in enumerate(events, start=1))
    return Group(text, "p.conf", asked, env or {})


def against(groups: list[Group], folder: Path, fault: str = "") -> Compared:
    return compare(groups, Distribution(install(folder / "logstash", fault) / "bin" / "logstash"))


def test_a_logstash_that_agrees_is_agreed_with_and_every_event_was_compared(tmp_path):
    found = against(read([CASES]), tmp_path)
    assert (found.events, found.differences, found.left) == (35, (), ()), found
    assert verdict(found) is Verdict.PASS


def test_pipelines_of_one_start_each_have_their_own_environment(tmp_path):
    groups = [group(PIPELINE, {"message": "{", "id": "7"}, env={"KIND": kind}) for kind in ("one", "two")]
    found = against([*groups, group(PIPELINE, {"message": "plain"}, {"message": "{"})], tmp_path)
    assert (found.events, found.differences, found.left) == (4, (), ())
    assert interpreted(groups[1]).events[0][0].outputs == {
        "es": {"index": "a-two", "document_id": "7"},
        "stdout #3": {},
    }


SEEDED = {
    "type": ("severity", "6", '"6"'),
    "field": ("added", "nothing", "true"),
    "lost": ("environment", '"test"', "nothing"),
    "metadata": ("[@metadata][target]", '"logs"', '"elsewhere"'),
    "rendered": ("[(outputs)][output_logs][document_id]", '"case-parse-0001"', '"x"'),
    "routes": ("[(outputs)][output_logs]", '{"document_id":"case-parse-0001"}', "nothing"),
}


@pytest.mark.parametrize("fault", SEEDED)
def test_what_logstash_does_differently_is_listed_with_both_answers_and_the_place(fault, tmp_path):
    found = against(read([CASES]), tmp_path, fault)
    assert verdict(found) is Verdict.FAIL
    first = next(d for d in found.differences if d.name.startswith("the line's own time"))
    assert (first.field, first.ours, first.theirs) == SEEDED[fault]
    assert first.at.file == str(CASES) and "the line's own time" in CASES.read_text().splitlines()[first.at.line - 1]


def test_a_pipeline_that_only_logstash_refuses_is_a_difference_in_its_own_words(tmp_path):
    whole, other = read([CASES]), group("filter { }", {"message": "m"})
    found = against([*whole, other], tmp_path, "refuses")
    (difference,) = found.differences
    assert difference.ours == "runs it" and difference.theirs.startswith("refuses it: [ERROR][logstash.agent] Failed")


def test_a_pipeline_that_both_refuse_is_agreed_upon(tmp_path):
    wrong = group('filter { mutate { convert => { "a" => "sausage" } } }', {"a": "1"})
    found = against([wrong, group("filter { }", {"message": "m"})], tmp_path)
    assert (found.events, found.differences, found.left) == (2, (), ())


@pytest.mark.parametrize(
    ("fault", "says"), [("dies", "ran none of the pipelines"), ("status", "exited with status 137")]
)
def test_a_logstash_that_does_not_run_is_an_error_and_no_agreement(fault, says, tmp_path):
    with pytest.raises(StackError, match=says) as failed:
        against(read([CASES]), tmp_path, fault)
    assert failed.value.exit_code == 3


LEFT = {
    "what the interpreter does not run": ('filter { ruby { code => "x" } }', "the interpreter does not run it"),
    "what would ask another system": (
        'filter { http { url => "https://x.example" } }',
        "points at https://x.example",
    ),
    "what cannot be parsed": ("filter {", "cannot be told"),
    "what takes the question's number away": (
        'filter { mutate { remove_field => ["[@metadata]"] } }',
        "without the number of its question",
    ),
    "what the arrangement changes": ("filter { }", "handing it over changes"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_was_not_compared_says_why_and_is_unknown(name, tmp_path):
    text, says = LEFT[name]
    found = against([group(text, {"[a][b]": 1}), group("filter { }", {"message": "m"})], tmp_path)
    assert (found.events, found.differences) == (1, ()) and says in found.left[0].why, found
    assert verdict(found) is Verdict.UNKNOWN


def test_nothing_compared_is_unknown():
    assert verdict(Compared()) is Verdict.UNKNOWN


def test_a_difference_is_worse_than_something_left():
    difference, left = Difference(Position("f"), "n", "a", "1", "2"), Left(Position("f"), "n", "why")
    assert verdict(Compared(1, 0, (difference,), (left,))) is Verdict.FAIL


def test_what_varies_by_itself_is_compared_by_its_type(tmp_path):
    found = against([group("filter { uuid { target => 'u' } }", {"message": "m"})], tmp_path)
    assert (found.events, found.varying, found.differences) == (1, 1, ())


def test_events_that_came_out_in_another_order_are_no_difference(tmp_path):
    asked = group('filter { split { field => "l" } }', {"l": ["a", "b", "c"]})
    environment = arranging.arrange([asked], tmp_path)
    rehearsal.rehearse(tmp_path, environment)
    places = arranging.Places(tmp_path, 0)
    places.all.write_text("\n".join(reversed(places.all.read_text().splitlines())) + "\n", encoding="utf-8")
    ours, theirs = interpreted(asked), written(asked, places)
    assert compared(asked, ours, ours, ours, theirs).differences == ()
    places.all.write_text("\n".join(places.all.read_text().splitlines()[:2]) + "\n", encoding="utf-8")
    (lost,) = compared(asked, ours, ours, ours, written(asked, places)).differences
    assert lost.field == "event 1" and '"l":"a"' in lost.ours and lost.theirs == "nothing"


def test_the_filters_and_conditions_stay_as_they_are_written(tmp_path):
    arranging.arrange([group(PIPELINE, {"message": "m"})], tmp_path)
    text = arranging.Places(tmp_path, 0).config.read_text(encoding="utf-8")
    original = PIPELINE[PIPELINE.index("filter {") : PIPELINE.index("output {")].rstrip()
    assert original.replace("${KIND", "${HARNESS_0_KIND") in text
    assert 'if "braced }" in [tags] { file { path => ' in text
    assert not re.search(r"beats|elasticsearch|null {|stdout", text)


def test_numbers_are_told_apart_by_their_type(tmp_path):
    asked = group("filter { }", {"n": 1})
    arranging.arrange([asked], tmp_path)
    rehearsal.rehearse(tmp_path, {}, lambda event: {**event, "n": 1.0})
    (found,) = compared(asked, *[interpreted(asked)] * 3, written(asked, arranging.Places(tmp_path, 0))).differences
    assert (found.field, found.ours, found.theirs) == ("n", "1", "1.0")


@pytest.mark.slow
def test_the_cases_of_every_filter_go_through(tmp_path):
    found = against(read([FILTERS]), tmp_path)
    assert found.events >= 130 and not found.differences
    assert len(found.left) <= 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "- {filter: 'x { }'}"), ("b.ndjson", '{"id": "x"}'), ("c.ndjson", "nope"), ("d.yaml", "- [1]")],
)
def test_a_file_that_holds_no_cases_is_unreadable(name, text, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError) as wrong:
        read([tmp_path / name])
    assert wrong.value.at is not None and wrong.value.at.line == 1


class TestCommand:
    def test_where_no_logstash_is_at_hand_it_is_unknown(self, monkeypatch, capsys):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        assert main(["logstash", "compare", str(CASES)]) == 3
        assert (
            "unknown: nothing was compared, because no Logstash is at hand: no Docker daemon" in capsys.readouterr().out
        )

    def test_an_installed_logstash_that_agrees(self, tmp_path, capsys):
        program = install(tmp_path / "logstash")
        assert main(["logstash", "compare", str(CASES), "--lines", "40", "--logstash", str(program)]) == 0
        said = capsys.readouterr().out
        assert said.startswith("87 events compared with ") and "(native): 0 differences, 0 not compared" in said

    def test_one_that_does_not(self, tmp_path, capsys):
        program = install(tmp_path / "logstash", "type") / "bin" / "logstash"
        assert main(["logstash", "compare", str(CASES), "--logstash", str(program)]) == 1
        said = capsys.readouterr().out
        assert re.search(
            r"caredroid\.yml:\d+:3  the line's own time.*\n  severity\n +interpreter  6\n +Logstash +\"6\"", said
        )

    @pytest.mark.parametrize("words", [["--logstash", "/nowhere"], ["--lines", "-1"], ["/nowhere.yml"]])
    def test_what_cannot_work_is_a_wrong_call(self, words, capsys):
        assert main(["logstash", "compare", *words]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_an_image_counts_as_what_it_is(monkeypatch):
    from harness.launchers import daemon

    known = daemon.Daemon("unix:///x", "27", {"logstash:9": Level.CONTAINER, "logstash:dev": Level.NATIVE})
    monkeypatch.setattr(daemon, "ask", lambda: known)
    monkeypatch.setenv("HARNESS_PULL", "never")
    assert at_hand(None, "logstash:9") == Image("logstash:9", Level.CONTAINER)
    assert at_hand(None, "logstash:dev") == Image("logstash:dev", Level.NATIVE)
    assert "not looked for" in str(at_hand(None, "logstash:10"))
    assert at_hand(None, "") == "the configuration names no image of Logstash"
