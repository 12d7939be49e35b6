"""The noop filter: does nothing by itself, so that the options all filters share can be applied alone."""

from __future__ import annotations

from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.options import Options
from harness.languages.logstash.settings import Settings

OPTIONS: Options = {}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    matched = settings.matched

    def apply(event: Event) -> None:
        matched(event)

    return apply
