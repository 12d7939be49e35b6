"""The json_encode filter: writes a field as JSON text, in its own place or into another."""

from __future__ import annotations

from harness.languages.logstash.event import Apply, Event, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import json_text

OPTIONS: Options = {
    "source": Option("field", required=True),
    "target": Option("field"),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    read, matched = settings.reader("source"), settings.matched
    write = settings.writer("source" if settings["target"] is None else "target")

    def apply(event: Event) -> None:
        try:
            write(event, json_text(read(event)))
        except (TypeError, ValueError):
            tag(event, "_jsongeneratefailure")
            return
        matched(event)

    return apply
