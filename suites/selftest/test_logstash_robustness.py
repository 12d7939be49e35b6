"""Mutated configurations and events: whatever is wrong is an error with a position, never a crash or a hang."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.languages.logstash import Pipeline

_CONFIG = r"""
input { beats { port => 5044 ssl_enabled => "${TLS:false}" } } # comment
filter {
  json { source => "message" target => "[app]" tag_on_failure => ["bad"] }
  if "bad" in [tags] or [app][n] not in [1, 2.5, "x"] and ![app][done] {
    grok { match => { "message" => ["%{IP:ip} (?<rest>.*)$", "%{WORD:[a][b]:int}"] } timeout_millis => 100 }
    kv { field_split => "&?" trim_value => "<>" } mutate { convert => { "n" => "integer" } gsub => ["s", "a+", "b"] }
  } else if [s] =~ /^a.*z$/ { date { match => ["d", "yyyy-MM-dd", "UNIX"] timezone => "Europe/Berlin" } }
  else { dissect { mapping => { "message" => "%{a} %{+a} %{b->} %{&b}" } } csv { columns => ["x", "y"] } }
  split { field => "list" } urldecode { all_fields => true } prune { blacklist_names => ["^q"] }
  translate { source => "[k]" target => "t" dictionary => { "1" => "one" } } truncate { length_bytes => 5 }
  fingerprint { method => "SHA256" concatenate_all_fields => true } syslog_pri { } clone { clones => ["c"] }
}
output { if [t] == "one" { elasticsearch { index => "i-%{+YYYY.MM.dd}-%{[a][b]}" } } else { stdout { codec => json } } }
"""
_PIECES = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    '"',
    "'",
    "/",
    "=>",
    "#",
    "\n",
    "%{",
    "\\",
    "if ",
    "else ",
    "!",
    ",",
    "0",
    "é",
    "\0",
    "${X}",
    "[a][b]",
]
_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    "",
    "a=1&b=<2>",
    "a b  c d",
    '{"n": 1}',
    "\ud800",
    "%{[",
    "[x",
    [],
    ["a", [1], None],
    {"a": {"b": []}},
    "1" * 5000,
    "2026-01-01",
]
_NAMES = [
    "message",
    "app",
    "tags",
    "s",
    "d",
    "list",
    "k",
    "n",
    "[a",
    "a",
    "b",
    "q1",
    "@timestamp",
    "@metadata",
    "syslog_pri",
    "@version",
    "",
]


def _mutated(rng: random.Random) -> str:
    text = _CONFIG
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[at + rng.randint(1, 12) :]
            case 1:
                text = text[:at] + rng.choice(_PIECES) + text[at:]
            case 2:
                start = rng.randrange(len(text) + 1)
                text = text[:at] + text[start : start + rng.randint(1, 40)] + text[at:]
            case _:
                text = text[:at]
    return text


def _event(rng: random.Random) -> dict[str, Any]:
    return {rng.choice(_NAMES): rng.choice(_VALUES) for _ in range(rng.randint(0, 6))}


@pytest.mark.timeout(60)
def test_whatever_the_configuration_the_answer_is_a_pipeline_or_an_error_with_a_position() -> None:
    rng, deadline, tried, run = random.Random(7), time.monotonic() + 2, 0, 0
    while time.monotonic() < deadline:
        tried += 1
        text = _mutated(rng)
        try:
            pipeline = Pipeline.from_text(text, "fuzz.conf", env={})
        except HarnessError as error:
            assert error.at is not None and error.at.file == "fuzz.conf", text
            assert 1 <= error.at.line <= text.count("\n") + 1 and error.at.column >= 1, text
            continue
        run += 1
        _process(pipeline, _event(rng))
    assert tried > 200 and run > 5


@pytest.mark.timeout(60)
def test_whatever_the_event_it_comes_out_or_is_refused_with_a_position() -> None:
    pipeline = Pipeline.from_text(_CONFIG, "fuzz.conf")
    rng, deadline, tried = random.Random(11), time.monotonic() + 2, 0
    while time.monotonic() < deadline:
        tried += 1
        _process(pipeline, _event(rng))
    assert tried > 500


def _process(pipeline: Pipeline, event: dict[str, Any]) -> None:
    before = json.dumps(event)
    try:
        for one in pipeline.process(event):
            json.dumps(one)
            for output in pipeline.outputs_for(one):
                pipeline.render(str(output.options.get("index")), one)
    except HarnessError as error:
        assert error.at is not None, before
    assert json.dumps(event) == before
