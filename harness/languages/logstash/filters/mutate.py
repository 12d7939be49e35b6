"""The mutate filter: renames, replaces, converts and otherwise changes fields.

Whatever the order in the configuration, the operations of one mutate run in this fixed order: coerce, rename, update,
replace, convert, gsub, uppercase, capitalize, lowercase, strip, split, join, merge, copy.
"""

from __future__ import annotations

from harness.languages.logstash.event import Apply, Event, EventError, tag
from harness.languages.logstash.mutations.fields import FIELDS
from harness.languages.logstash.mutations.strings import STRINGS
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings

OPTIONS: Options = {
    "capitalize": Option("array"),
    "coerce": Option("hash"),
    "convert": Option("hash"),
    "copy": Option("hash"),
    "gsub": Option("array"),
    "join": Option("hash"),
    "lowercase": Option("array"),
    "merge": Option("hash"),
    "rename": Option("hash"),
    "replace": Option("hash"),
    "split": Option("hash"),
    "strip": Option("array"),
    "tag_on_failure": Option(default="_mutate_error"),
    "update": Option("hash"),
    "uppercase": Option("array"),
}

_ORDER = (
    "coerce",
    "rename",
    "update",
    "replace",
    "convert",
    "gsub",
    "uppercase",
    "capitalize",
    "lowercase",
    "strip",
    "split",
    "join",
    "merge",
    "copy",
)


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    operations = {**FIELDS, **STRINGS}
    steps = [
        step for name in _ORDER if settings[name] is not None for step in operations[name](settings, settings[name])
    ]
    matched, failed = settings.matched, settings["tag_on_failure"]

    def apply(event: Event) -> None:
        try:
            for step in steps:
                step(event)
            matched(event)
        except EventError:
            tag(event, failed)

    return apply
