"""The split filter: makes one event of each line of a text, or of each item of an array."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash.event import Apply, Event, copied, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "ecs_compatibility": Option(),
    "field": Option("field", "message"),
    "tag_on_failure": Option("array", ["_split_type_failure"]),
    "target": Option("field"),
    "terminator": Option(default="\n"),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    read, matched, terminator = settings.reader("field"), settings.matched, settings["terminator"]
    write = settings.writer("target" if settings["target"] is not None else "field")
    tags = [text_of(name) for name in settings["tag_on_failure"]]

    def apply(event: Event) -> list[Event] | None:
        value = read(event)
        if not isinstance(value, str | list):
            for name in tags:
                tag(event, name)
            return None
        parts: list[Any] = value if isinstance(value, list) else value.split(terminator) if terminator else list(value)
        if isinstance(value, str) and len(parts) == 1:
            return None
        found = []
        for part in parts:
            if part is None or part == "":
                continue
            one = copied(event)
            write(one, copied(part))
            matched(one)
            found.append(one)
        return found

    return apply
