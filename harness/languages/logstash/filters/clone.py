"""The clone filter: adds copies of an event, each with its own type (or, with ECS, its own tag)."""

from __future__ import annotations

from harness.languages.logstash.event import Apply, Event, copied, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "clones": Option("array", required=True),
    "ecs_compatibility": Option(),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    names, matched = [text_of(name) for name in settings["clones"]], settings.matched
    own = settings["ecs_compatibility"]
    ecs = settings.ecs if own is None else own != "disabled"

    def apply(event: Event) -> list[Event] | None:
        found = [event]
        for name in names:
            clone = copied(event)
            if ecs:
                tag(clone, name)
            else:
                clone["type"] = name
            matched(clone)
            found.append(clone)
        return found

    return apply
