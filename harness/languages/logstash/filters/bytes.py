"""The bytes filter: reads a size such as `5.3 GB` as a number of bytes."""

from __future__ import annotations

import re

from harness.languages.logstash import ruby
from harness.languages.logstash.event import Apply, Event, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "decimal_separator": Option("string", "."),
    "digit_group_separator": Option("string", " "),
    "prefix_system": Option("string", "binary", choices=("binary", "metric")),
    "source": Option("field", "message"),
    "tag_on_failure": Option("array", ["_bytesparsefailure"]),
    "target": Option("field", required=True),
}

_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    group, decimal = settings["digit_group_separator"], settings["decimal_separator"]
    if group == decimal:
        settings.refuse("decimal_separator", "digit groups and decimals cannot have the same separator")
    size = re.compile(rf"([0-9{re.escape(group)}{re.escape(decimal)}]*)\s*([kmgtp]?)b?", re.IGNORECASE)
    base = 1024 if settings["prefix_system"] == "binary" else 1000
    read, write, matched = settings.reader("source"), settings.writer("target"), settings.matched
    tags = [text_of(name) for name in settings["tag_on_failure"]]

    def apply(event: Event) -> None:
        source = read(event)
        found = size.fullmatch(ruby.strip(source)) if isinstance(source, str) else None
        number = found[1].translate(_without(group)).replace(decimal, ".") if found else ""
        if found is None or not number:
            for name in tags:
                tag(event, name)
            return
        write(event, ruby.to_f(number) * base ** _POWERS[found[2].lower()])
        matched(event)

    return apply


def _without(characters: str) -> dict[int, None]:
    return dict.fromkeys(map(ord, characters))
