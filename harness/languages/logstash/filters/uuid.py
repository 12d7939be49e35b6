"""The uuid filter: puts a new random identifier into a field."""

from __future__ import annotations

import uuid

from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.field import exists
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings

OPTIONS: Options = {
    "ecs_compatibility": Option(),
    "overwrite": Option("boolean", False),
    "target": Option("field", required=True),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    write, overwrite, matched = settings.writer("target"), settings["overwrite"], settings.matched
    has = exists(settings["target"])

    def apply(event: Event) -> None:
        if overwrite or not has(event):
            write(event, str(uuid.uuid4()))
        matched(event)

    return apply
