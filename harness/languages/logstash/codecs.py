"""The codecs the interpreter knows: which options they take, and how they turn bytes into events and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from harness.errors import UnreadableError
from harness.languages.logstash.charset import decoded
from harness.languages.logstash.event import Event, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Plugin
from harness.languages.logstash.sprintf import json_text, template, text_of

SCHEMAS: dict[str, Options] = {
    "json": {"charset": Option(default="UTF-8"), "target": Option("field"), "ecs_compatibility": Option()},
    "json_lines": {
        "charset": Option(default="UTF-8"),
        "delimiter": Option(default="\n"),
        "target": Option("field"),
        "ecs_compatibility": Option(),
        "decode_size_limit_bytes": Option("number", 512 * 1024 * 1024),
    },
    "line": {
        "charset": Option(default="UTF-8"),
        "delimiter": Option(default="\n"),
        "format": Option(),
        "ecs_compatibility": Option(),
    },
    "multiline": {
        "auto_flush_interval": Option("number"),
        "charset": Option(default="UTF-8"),
        "ecs_compatibility": Option(),
        "max_bytes": Option(default="10 MiB"),
        "max_lines": Option("number", 500),
        "multiline_tag": Option(default="multiline"),
        "negate": Option("boolean", False),
        "pattern": Option(required=True),
        "patterns_dir": Option("array", []),
        "what": Option(required=True, choices=("previous", "next")),
    },
    "plain": {"charset": Option(default="UTF-8"), "format": Option(), "ecs_compatibility": Option()},
    "rubydebug": {"metadata": Option("boolean", False)},
}


class Decoder(Protocol):
    """Turns what an input reads into events; keeps what is not complete yet."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete with this piece of data."""

    def flush(self) -> list[Event]:
        """The events that are complete because nothing follows."""


Encode = Callable[[Event], str]


def decoder(codec: Plugin) -> Decoder:
    """The decoder of a codec that was checked with its configuration."""
    charset = str(codec.options.get("charset") or "UTF-8")
    if codec.name in ("line", "json_lines"):
        delimiter = codec.options["delimiter"].encode(charset)
        return _Lines(delimiter, _json_events if codec.name == "json_lines" else _message, charset)
    if codec.name == "multiline":
        from harness.languages.logstash.multiline import Multiline

        return Multiline(codec)
    if codec.name in ("plain", "json"):
        return _Whole(_json_events if codec.name == "json" else _message, charset)
    raise UnreadableError(f'codec "{codec.name}" cannot decode', at=codec.position, hint="Use it in an output.")


def encoder(codec: Plugin) -> Encode:
    """The encoder of a codec: the text of an event, with the line break where the codec adds one."""
    if codec.name == "json":
        return lambda event: json_text(visible(event))
    if codec.name == "json_lines":
        delimiter = codec.options["delimiter"]
        return lambda event: json_text(visible(event)) + delimiter
    if codec.name == "rubydebug":
        shown: Callable[[Event], Any] = dict if codec.options["metadata"] else visible
        return lambda event: _pretty(shown(event)) + "\n"
    write = template(codec.options.get("format") or "%{@timestamp} %{[host]} %{message}")
    if codec.name == "line":
        return lambda event: write(event) + codec.options["delimiter"]
    return write


def visible(event: Event) -> Event:
    """The event without its metadata, as outputs show it."""
    return {name: value for name, value in event.items() if name != "@metadata"}


def _message(text: str) -> list[Event]:
    return [{"message": text}]


def _json_events(text: str) -> list[Event]:
    """One event of an object, several of an array of objects; what is not JSON becomes a tagged message."""
    import orjson

    if not text.strip():
        return []
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        return [found]
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    event: Event = {"message": text}
    tag(event, "_jsonparsefailure")
    return [event]


class _Whole:
    """Each piece of data is one text."""

    def __init__(self, events_of: Callable[[str], list[Event]], charset: str) -> None:
        self._events_of = events_of
        self._charset = charset

    def feed(self, data: bytes) -> list[Event]:
        return self._events_of(decoded(data, self._charset))

    def flush(self) -> list[Event]:
        return []


class _Lines:
    """Each line is one text; a line may come in pieces."""

    def __init__(self, delimiter: bytes, events_of: Callable[[str], list[Event]], charset: str) -> None:
        self._delimiter = delimiter
        self._events_of = events_of
        self._charset = charset
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        *lines, self._rest = (self._rest + data).split(self._delimiter)
        return [event for line in lines for event in self._decoded(line)]

    def flush(self) -> list[Event]:
        rest, self._rest = self._rest, b""
        return self._decoded(rest) if rest else []

    def _decoded(self, line: bytes) -> list[Event]:
        return self._events_of(decoded(line.removesuffix(b"\r"), self._charset))


def _pretty(value: Any, indent: int = 0) -> str:
    space = "    " * (indent + 1)
    if isinstance(value, dict):
        width = max((len(json_text(str(name))) for name in value), default=0)
        rows = [
            f"{space}{json_text(str(name)):>{width}} => {_pretty(item, indent + 1)}" for name, item in value.items()
        ]
        return "{\n" + ",\n".join(rows) + "\n" + "    " * indent + "}" if rows else "{}"
    if isinstance(value, list):
        rows = [f"{space}[{index}] {_pretty(item, indent + 1)}" for index, item in enumerate(value)]
        return "[\n" + ",\n".join(rows) + "\n" + "    " * indent + "]" if rows else "[]"
    if isinstance(value, str):
        return json_text(str(value))
    return "nil" if value is None else text_of(value)
