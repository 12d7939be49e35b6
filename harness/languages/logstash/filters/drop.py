"""The drop filter: discards events, all of them or a percentage."""

from __future__ import annotations

import random

from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings

OPTIONS: Options = {"percentage": Option("number", 100)}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    percentage = settings["percentage"]
    if percentage >= 100:
        return lambda event: []
    chance = random.Random()

    def apply(event: Event) -> list[Event] | None:
        return [] if chance.random() * 100 < percentage else None

    return apply
