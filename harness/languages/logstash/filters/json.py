"""The json filter: parses a field that holds JSON into the event, or into a target field."""

from __future__ import annotations

import json
from typing import Any

import orjson

from harness.languages.logstash.event import Apply, Event, EventError, Timestamp, tag
from harness.languages.logstash.field import put
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

_BEYOND = float(2**63)
_MAY_HOLD = frozenset((dict, list, float))

OPTIONS: Options = {
    "ecs_compatibility": Option(),
    "skip_on_invalid_json": Option("boolean", False),
    "source": Option("field", required=True),
    "tag_on_failure": Option("array", ["_jsonparsefailure"]),
    "target": Option("field"),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    read, matched, now = settings.reader("source"), settings.matched, settings.now
    write = settings.writer("target") if settings["target"] is not None else None
    tags = [] if settings["skip_on_invalid_json"] else [text_of(name) for name in settings["tag_on_failure"]]

    def fail(event: Event) -> None:
        for name in tags:
            tag(event, name)

    def apply(event: Event) -> None:
        source = read(event)
        if source is None or source is False:
            return
        try:
            parsed = _load(source)
            if write is not None:
                write(event, parsed)
            elif isinstance(parsed, dict):
                _merge(event, parsed, now() if "@timestamp" in parsed else 0.0)
            else:
                fail(event)
                return
        except (ValueError, TypeError, EventError):
            fail(event)
            return
        matched(event)

    return apply


def _load(source: Any) -> Any:
    """Parse; text of blanks alone is null, as in Logstash."""
    if not isinstance(source, str):
        raise TypeError("only text holds JSON")
    try:
        parsed = orjson.loads(source)
    except orjson.JSONDecodeError:
        if not source.strip():
            return None
        raise
    # An integer beyond 64 bits stays one in Logstash; orjson makes it a float.
    return json.loads(source) if _beyond(parsed) else parsed


def _beyond(value: Any) -> bool:
    """Whether a number anywhere in a value may be such an integer."""
    kind = type(value)
    if kind is dict:
        return any(_beyond(item) for item in value.values() if type(item) in _MAY_HOLD)
    if kind is list:
        return any(_beyond(item) for item in value if type(item) in _MAY_HOLD)
    return kind is float and not -_BEYOND < value < _BEYOND


def _merge(event: Event, parsed: dict[str, Any], now: float) -> None:
    """Put the parsed fields into the event; `@timestamp` is taken over if it is a date, and set aside if not."""
    names = "".join(parsed)
    if "[" not in names and "]" not in names and "@" not in names:
        event.update(parsed)
        return
    stamp = parsed.pop("@timestamp", None)
    for name, value in parsed.items():
        put(event, name, value)
    if stamp is None:
        return
    found = Timestamp.coerce(stamp)
    event["@timestamp"] = found or Timestamp.of_millis(int(now * 1000))
    if found is None:
        tag(event, "_timestampparsefailure")
        event["_@timestamp"] = text_of(stamp)
