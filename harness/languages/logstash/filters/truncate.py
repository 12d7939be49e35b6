"""The truncate filter: cuts strings that are longer than a number of bytes, never in the middle of a character."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash.event import Apply, Event, Timestamp
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "fields": Option("array"),
    "length_bytes": Option("number", required=True),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    length, matched = int(settings["length_bytes"]), settings.matched
    if settings["fields"] is None:

        def apply_to_all(event: Event) -> None:
            for name, value in event.items():
                if name != "@metadata":
                    event[name] = _cut(value, length)
            matched(event)

        return apply_to_all
    names = [text_of(name) for name in settings["fields"]]
    fields = [(settings.reader_of("fields", name), settings.writer_of("fields", name)) for name in names]

    def apply(event: Event) -> None:
        for read, write in fields:
            value = read(event)
            if value is not None:
                write(event, _cut(value, length))
        matched(event)

    return apply


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, str) and not isinstance(value, Timestamp):
        if len(value) * 4 <= length:
            return value
        data = value.encode("utf-8", "surrogatepass")
        return value if len(data) <= length else data[:length].decode("utf-8", "ignore")
    if isinstance(value, list):
        return [_cut(item, length) if isinstance(item, str) else item for item in value]
    if isinstance(value, dict):
        return {key: _cut(item, length) for key, item in value.items()}
    return value
