"""Codecs: bytes to events and back, whatever the pieces in which the bytes come."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UnreadableError
from harness.languages.logstash import Pipeline, Plugin
from harness.languages.logstash.codecs import decoder, encoder


def _codec(text: str) -> Plugin:
    (plugin,) = Pipeline.from_text("input { stdin { codec => " + text + " } }").inputs
    codec: Plugin = plugin.options["codec"]
    return codec


def _decoded(codec: str, *pieces: bytes) -> list[dict[str, Any]]:
    decode = decoder(_codec(codec))
    events = [event for piece in pieces for event in decode.feed(piece)]
    return events + decode.flush()


@pytest.mark.parametrize(
    ("codec", "pieces", "expected"),
    [
        ("plain", [b"a\nb"], [{"message": "a\nb"}]),
        ("line", [b"a\r\nb", b"c\nd"], [{"message": "a"}, {"message": "bc"}, {"message": "d"}]),
        ('line { delimiter => "|" }', [b"a|b|"], [{"message": "a"}, {"message": "b"}]),
        ('plain { charset => "ISO-8859-1" }', [b"\xe9"], [{"message": "é"}]),
        ("plain", [b'\xffA"\n'], [{"message": '\\xFFA\\"\\n'}]),
        ("json", [b'{"a": 1}'], [{"a": 1}]),
        ("json", [b'[{"a": 1}, {"b": 2}]'], [{"a": 1}, {"b": 2}]),
        ("json", [b"{"], [{"message": "{", "tags": ["_jsonparsefailure"]}]),
        ("json_lines", [b'{"a": 1}\n{"b"', b": 2}\n\n"], [{"a": 1}, {"b": 2}]),
        ("json_lines", [b"nope"], [{"message": "nope", "tags": ["_jsonparsefailure"]}]),
        (
            r'multiline { pattern => "^\s" what => previous }',
            [b"Error\n  at x\n", b"  at y\nNext\n"],
            [{"message": "Error\n  at x\n  at y", "tags": ["multiline"]}, {"message": "Next"}],
        ),
        (
            r'multiline { pattern => "\\$" what => next }',
            [b"one\\\ntwo\nthree"],
            [{"message": "one\\\ntwo", "tags": ["multiline"]}, {"message": "three"}],
        ),
        (
            'multiline { pattern => "^%{TIMESTAMP_ISO8601}" negate => true what => previous max_lines => 2 }',
            [b"2026-01-01T00:00:00 a\nb\nc\n"],
            [{"message": "2026-01-01T00:00:00 a\nb\nc", "tags": ["multiline", "multiline_codec_max_lines_reached"]}],
        ),
    ],
)  # fmt: skip
def test_decoding(codec: str, pieces: list[bytes], expected: list[dict[str, Any]]) -> None:
    assert _decoded(codec, *pieces) == expected


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("json", '{"@timestamp":"t","host":"h","message":"m"}'),
        ("json_lines", '{"@timestamp":"t","host":"h","message":"m"}\n'),
        ("plain", "t h m"),
        ('plain { format => "%{message}!" }', "m!"),
        ('line { format => "%{message}" delimiter => ";" }', "m;"),
        ("rubydebug", '{\n    "@timestamp" => "t",\n          "host" => "h",\n       "message" => "m"\n}\n'),
    ],
)
def test_encoding(codec: str, expected: str) -> None:
    assert encoder(_codec(codec))({"@timestamp": "t", "host": "h", "message": "m", "@metadata": {"x": 1}}) == expected


def test_an_encoder_alone_cannot_decode() -> None:
    with pytest.raises(UnreadableError, match="cannot decode"):
        decoder(_codec("rubydebug"))


@pytest.mark.parametrize(
    "text",
    [
        'multiline { pattern => "%{NOPE}" what => next }',
        'multiline { pattern => "a" what => next max_bytes => "many" }',
    ],
)
def test_a_wrong_multiline_codec_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        decoder(_codec(text))
