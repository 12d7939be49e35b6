"""What cannot be run is refused when it is loaded, with its place and a way out; nothing is skipped."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash import EventRefusedError, Pipeline


def _refused(text: str, **options: object) -> UnreadableError:
    with pytest.raises(UnreadableError) as caught:
        Pipeline.from_text(text, "config/logstash.conf", **options)  # type: ignore[arg-type]
    return caught.value


def test_ruby_is_refused_with_the_way_out() -> None:
    error = _refused("filter {\n  if [a] {\n    ruby { code => 'event.cancel' }\n  }\n}")
    assert isinstance(error, UnsupportedError)
    assert str(error) == (
        'config/logstash.conf:3:5: filter plugin "ruby" is not supported by the interpreter\n'
        "  Its code cannot be run here. Verify this pipeline on a real Logstash: harness verify --launcher container"
    )


@pytest.mark.parametrize(
    ("text", "at", "says", "hint"),
    [
        ("filter { mutat { } }", "1:10", 'filter plugin "mutat"', 'Did you mean "mutate"?'),
        ("input { kafka { } }", "1:9", 'input plugin "kafka"', "beats"),
        ("output { if [a] { s3 { } } }", "1:19", 'output plugin "s3"', "elasticsearch"),
        ("filter { mutate { renam => {} } }", "1:19", 'option "renam"', 'Did you mean "rename"?'),
        ("input { beats { port => 1 prot => 1 } }", "1:27", 'option "prot"', "port"),
        ("output { elasticsearch { index_name => x1 } }", "1:26", 'option "index_name"', "index"),
        ("input { stdin { codec => cef } }", "1:26", 'codec "cef"', "json_lines"),
        ("input { stdin { codec => json { shape => ab } } }", "1:33", 'option "shape"', "charset"),
        ("filter { date { match => [aa, 'dd MMM'] locale => 'ja' } }", "1:51", "locale `ja`", "Known languages"),
    ],
)
def test_the_unknown_is_unsupported(text: str, at: str, says: str, hint: str) -> None:
    error = _refused(text)
    assert isinstance(error, UnsupportedError)
    assert says in error.message and hint in error.hint
    assert str(error.at) == f"config/logstash.conf:{at}"


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("filter { json { } }", "1:10", "`source` is required"),
        ("filter { json { source => [aa, bb] } }", "1:27", "expected one value"),
        ("filter { csv { skip_header => maybe } }", "1:31", "expected true or false"),
        ("filter { truncate { length_bytes => ten } }", "1:37", "expected a number"),
        ("filter { mutate { rename => [aa] } }", "1:29", "even number"),
        ("filter { mutate { gsub => [aa, bb] } }", "1:27", "three values"),
        ("filter { mutate { gsub => [aa, '(', bb] } }", "1:27", "invalid regular expression"),
        ("filter { mutate { convert => { aa => int } } }", "1:30", "invalid conversion type `int`"),
        ("filter { mutate { add_field => { '[a' => 'b' } } }", "1:10", "no field reference"),
        ("filter { mutate { rename => { '[a' => 'b' } } }", "1:29", "no field reference"),
        ("filter { grok { match => { message => '%{NOPE:x}' } } }", "1:26", "%{NOPE} is not defined"),
        ("filter { grok { match => { message => '(unclosed' } } }", "1:26", "invalid expression"),
        ("filter { grok { patterns_dir => '/none' match => { message => 'x' } } }", "1:33", "does not exist"),
        ("filter { grok { match => { mm => '%{A}' } pattern_definitions => ['A', '%{A}'] } }", "1:26", "without end"),
        ("filter { date { match => [aa] } }", "1:26", "at least one date pattern"),
        ("filter { date { match => [aa, 'yyyy-MM-ddTHH'] } }", "1:26", "illegal letter `T`"),
        ("filter { date { match => [aa, ISO8601] timezone => 'Mars/Olympus' } }", "1:52", "no time zone"),
        ("filter { kv { value_split => '' } }", "1:30", "non-empty"),
        ("filter { kv { whitespace => loose } }", "1:29", "expected one of lenient, strict"),
        ("filter { dissect { mapping => { message => 'none' } } }", "1:31", "holds no field"),
        ("filter { dissect { mapping => { message => '%{a}%{b}' } } }", "1:31", "no delimiter between"),
        ("filter { translate { source => 'a' dictionary_path => 'none.yml' } }", "1:55", "cannot be read"),
        ("filter { fingerprint { method => IPV4_NETWORK } }", "1:10", "subnet prefix length"),
        ("filter { if [a] =~ /(/ { } }", "1:20", "invalid regular expression"),
        ("output { elasticsearch { hosts => ['${ES}'] } }", "1:36", "environment variable ES is not set"),
        ("filter { if [a] == '${STAGE}' { } }", "1:20", "environment variable STAGE is not set"),
        ("filter { mutate { id => 'a' id => ['b'] } }", "1:29", "set twice"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_at_its_place(text: str, at: str, says: str) -> None:
    error = _refused(text)
    assert says in error.message
    assert str(error.at) == f"config/logstash.conf:{at}"


def test_environment_variables_and_their_defaults() -> None:
    text = """output { elasticsearch {
        hosts => ["${HOST:http://localhost}:${PORT}"] password => "${PW:}" pool_max => "${N}"
    } }"""
    (output,) = Pipeline.from_text(text, env={"PORT": "9200", "N": "7"}).outputs
    assert output.options["hosts"] == ["http://localhost:9200"]
    assert (output.options["password"], output.options["pool_max"]) == ("", 7)


def test_options_set_twice_merge() -> None:
    pipeline = Pipeline.from_text(
        """filter { mutate {
          add_field => { "a" => "1" } add_field => { "b" => "2" }
          replace => ["c", "3"] replace => ["d", "4"] add_tag => "x" add_tag => "y"
        } }"""
    )
    event = pipeline.process({})[0]
    assert [event[name] for name in "abcd"] == ["1", "2", "3", "4"]
    assert event["tags"] == ["xy"]


def test_an_event_that_cannot_be_processed_is_refused_at_the_filter() -> None:
    pipeline = Pipeline.from_text("filter {\n  noop { add_field => { '[s][x]' => '1' } }\n}", "f")
    with pytest.raises(EventRefusedError, match="cannot set `x`") as caught:
        pipeline.process({"s": "text"})
    assert str(caught.value.at) == "f:2:3"


def test_absurdly_deep_events_are_refused() -> None:
    deep: dict[str, object] = {}
    for _ in range(3000):
        deep = {"a": deep}
    pipeline = Pipeline.from_text("filter { json { source => message } clone { clones => [copy] } }", "f")
    for event in ({"deep": deep}, {"message": '{"a":' * 1000 + "1" + "}" * 1000}):
        with pytest.raises(EventRefusedError, match="nested too deeply") as caught:
            pipeline.process(event)
        assert caught.value.at is not None


def test_escapes_are_read_only_when_asked_for() -> None:
    text = r"""filter { split { terminator => "\n" } }"""
    assert len(Pipeline.from_text(text).process({"message": "a\nb"})) == 1
    assert len(Pipeline.from_text(text, support_escapes=True).process({"message": "a\nb"})) == 2


def test_importing_is_light() -> None:
    code = (
        "import sys, harness.errors, dataclasses, pathlib; before = set(sys.modules);"
        "import harness.languages.logstash; new = set(sys.modules) - before;"
        "heavy = {'regex', 'orjson', 'yaml', 'zoneinfo', 'pytest', 'difflib'} & new;"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    assert time.monotonic() - started < 5
