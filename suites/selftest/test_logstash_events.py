"""Events, field references, templates, and the pipeline's own interface."""

from __future__ import annotations

from typing import Any

import pytest

from harness.languages.logstash import Pipeline
from harness.languages.logstash.event import EventError, Timestamp
from harness.languages.logstash.field import ReferenceSyntaxError, exists, getter, path_of, remover, setter
from harness.languages.logstash.sprintf import java_float, ruby_float, template

_NOW = 1_790_000_000.5


def _pipeline(config: str = "") -> Pipeline:
    return Pipeline.from_text(config, clock=lambda: _NOW)


def test_an_event_gets_its_read_time_and_version() -> None:
    (event,) = _pipeline().process({"message": "m"})
    assert event == {"message": "m", "@timestamp": "2026-09-21T14:13:20.500Z", "@version": "1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-23T14:00:00.123Z", "2026-11-23T14:00:00.123Z"),
        ("2026-11-23T14:00:00.123456Z", "2026-11-23T14:00:00.123Z"),
        ("2026-11-23T14:00:00+02:00", "2026-11-23T12:00:00.000Z"),
        ("2026-02-28T23:59:59.999Z", "2026-02-28T23:59:59.999Z"),
    ],
)
def test_an_event_keeps_the_timestamp_it_brings(given: str, expected: str) -> None:
    (event,) = _pipeline().process({"@timestamp": given})
    assert event["@timestamp"] == expected and type(event["@timestamp"]) is str
    assert "tags" not in event


@pytest.mark.parametrize("given", ["yesterday", 17, "2026-02-30T00:00:00.000Z"])
def test_a_timestamp_that_is_none_is_set_aside(given: object) -> None:
    (event,) = _pipeline().process({"@timestamp": given})
    assert event["@timestamp"] == "2026-09-21T14:13:20.500Z"
    assert event["tags"] == ["_timestampparsefailure"]
    assert event["_@timestamp"] == str(given)


def test_the_given_event_stays_as_it_was() -> None:
    given: dict[str, Any] = {"a": {"b": ["x"]}}
    _pipeline('filter { mutate { replace => { "[a][b][0]" => "y" } } }').process(given)
    assert given == {"a": {"b": ["x"]}}


def test_metadata_stays_inside_unless_the_event_brought_it() -> None:
    pipeline = _pipeline('filter { mutate { add_field => { "[@metadata][id]" => "7" } } }')
    assert "@metadata" not in pipeline.process({})[0]
    assert pipeline.process({"@metadata": {"beat": "f"}})[0]["@metadata"] == {"beat": "f", "id": "7"}
    (event,) = pipeline.process_with_metadata({})
    assert pipeline.render("doc-%{[@metadata][id]}", event) == "doc-7"


@pytest.mark.parametrize(
    ("text", "path"),
    [("a", ("a",)), ("[a]", ("a",)), ("[a][b c]", ("a", "b c")), ("[[a][b]][c]", ("a", "b", "c")), ("a.b", ("a.b",))],
)
def test_references(text: str, path: tuple[str, ...]) -> None:
    assert path_of(text) == path


@pytest.mark.parametrize("text", ["[a", "a]", "[a]b", "a[b]", "[]", "[a][]", "[a]]", "[[][[[[]message"])
def test_illegal_references(text: str) -> None:
    with pytest.raises(ReferenceSyntaxError):
        path_of(text)


def test_fields_are_read_written_and_removed() -> None:
    event: dict[str, Any] = {"list": [{"a": 1}, "x"]}
    setter("[new][deep][field]")(event, 1)
    assert event["new"] == {"deep": {"field": 1}}
    assert getter("[list][0][a]")(event) == 1 and getter("[list][-1]")(event) == "x"
    assert getter("[list][9]")(event) is None and getter("[list][x]")(event) is None
    assert exists("[new][deep]")(event) and not exists("[new][other]")(event)
    assert remover("[list][0]")(event) == {"a": 1} and event["list"] == ["x"]
    setter("[list][2]")(event, "z")
    assert event["list"] == ["x", None, "z"]
    with pytest.raises(EventError):
        setter("[list][0][deeper]")(event, 1)


def test_only_a_timestamp_becomes_the_timestamp() -> None:
    (event,) = _pipeline('filter { mutate { replace => { "@timestamp" => "now" } } }').process({})
    assert event["tags"] == ["_mutate_error"]


_EVENT = {
    "@timestamp": Timestamp("2026-01-02T03:04:05.678Z"),
    "s": "text",
    "n": 5,
    "f": 1.0,
    "big": 12345678.5,
    "b": True,
    "list": ["a", 1, ["b"]],
    "h": {"k": [1]},
    "null": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("%{s}-%{n}", "text-5"),
        ("%{[h][k]}", "1"),
        ("%{h}", '{"k":[1]}'),
        ("%{list}", "a,1,b"),
        ("%{f} %{big} %{b}", "1.0 1.23456785E7 true"),
        ("%{missing} %{null}", "%{missing} %{null}"),
        ("100%", "100%"),
        ("%{s", "%{s"),
        ("%{+YYYY.MM.dd}", "2026.01.02"),
        ("%{+yyyy-MM-dd'T'HH:mm:ss.SSS}", "2026-01-02T03:04:05.678"),
        ("%{+xxxx-'W'ww}", "2026-W01"),
        ("%{+EEE, d MMM yy hh:mm a Z}", "Fri, 2 Jan 26 03:04 AM +0000"),
        ("%{+%s}", "1767323045"),
        ("%{{yyyy-MM-dd}}", "2026-01-02"),
        ("%{{YYYY-'W'ww HH:mm:ssXXX}}", "2026-W01 03:04:05Z"),
        ("%{@timestamp}", "2026-01-02T03:04:05.678Z"),
    ],
)
def test_templates(text: str, expected: str) -> None:
    assert template(text)(dict(_EVENT)) == expected


@pytest.mark.parametrize(
    ("number", "java", "ruby"),
    [
        (1.5, "1.5", "1.5"),
        (100.0, "100.0", "100.0"),
        (1e7, "1.0E7", "10000000.0"),
        (1e16, "1.0E16", "1.0e+16"),
        (1.25e-5, "1.25E-5", "1.25e-05"),
        (-123456789.0, "-1.23456789E8", "-123456789.0"),
    ],
)
def test_floats_as_text(number: float, java: str, ruby: str) -> None:
    assert (java_float(number), ruby_float(number)) == (java, ruby)


@pytest.mark.parametrize("millis", [0, 1, -1, 1_767_323_045_678, -62_135_596_800_000, 253_402_300_799_999])
def test_timestamps_there_and_back(millis: int) -> None:
    assert Timestamp.of_millis(millis).millis == millis


def test_inputs_and_outputs_with_their_positions() -> None:
    pipeline = Pipeline.from_text(
        """input { beats { port => "${PORT:5044}" ssl_enabled => true } }
        output {
          if [kind] == "audit" { elasticsearch { index => "audit-%{+YYYY}" } }
          else if [kind] == "debug" { null { } }
          else { elasticsearch { index => "app" } stdout { codec => json } }
        }""",
        "p.conf",
    )
    (beats,) = pipeline.inputs
    assert (beats.name, beats.options["port"], beats.options["ssl_enabled"]) == ("beats", 5044, True)
    assert beats.options["codec"].name == "plain" and str(beats.position) == "p.conf:1:9"
    assert [output.name for output in pipeline.outputs] == ["elasticsearch", "null", "elasticsearch", "stdout"]
    (event,) = pipeline.process_with_metadata({"kind": "audit"})
    (output,) = pipeline.outputs_for(event)
    assert str(output.position) == "p.conf:3:34" and output is pipeline.outputs[0]
    assert pipeline.render(output.options["index"], event).startswith("audit-20")
    assert [one.name for one in pipeline.outputs_for({"kind": "x"})] == ["elasticsearch", "stdout"]
    assert pipeline.outputs_for({"kind": "debug"})[0].name == "null"


def test_an_observer_sees_every_filter_and_branch() -> None:
    seen: list[str] = []

    class Watch:
        def entered(self, arm: Any, event: dict[str, Any]) -> None:
            seen.append(f"branch {arm.position.line}")

        def filtering(self, plugin: Any, event: dict[str, Any]) -> None:
            seen.append(f"before {plugin.name}")

        def filtered(self, plugin: Any, event: dict[str, Any], replaced_by: list[dict[str, Any]] | None) -> None:
            seen.append(f"after {plugin.name} {None if replaced_by is None else len(replaced_by)}")

    text = "filter {\n  mutate { }\n  if [a] { drop { } }\n  else { noop { } }\n}"
    pipeline = Pipeline.from_text(text, observer=Watch())
    pipeline.process({"a": 1})
    pipeline.process({})
    first = ["before mutate", "after mutate None", "branch 3", "before drop", "after drop 0"]
    assert seen == [*first, *first[:2], "branch 4", "before noop", "after noop None"]
