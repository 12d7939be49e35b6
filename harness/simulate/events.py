"""What a scenario can hold besides its series: restarts, scrape gaps, targets that are down, silences."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UnreadableError
from harness.generators.scenario import duration
from harness.model import Position


class EventKind(enum.Enum):
    """What happens. The value is the word for it in a scenario."""

    RESTART = "restart"
    """Prometheus stops, and starts again: `restart: prometheus`."""
    GAP = "gap"
    """A job is not scraped at all, as when the network between drops packets: `gap: JOB`."""
    DOWN = "down"
    """A job's target fails its scrapes: `down: JOB`."""
    SILENCE = "silence"
    """Somebody silences alerts: `silence: ['alertname="CacheDown"']`."""
    EXPIRE = "expire"
    """Somebody expires the silence of that name: `expire: NAME`."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `at` seconds after the beginning and lasts `lasts` seconds."""

    kind: EventKind
    at: float
    lasts: float = 0.0
    name: str = ""
    matchers: tuple[str, ...] = ()


def read_events(data: Mapping[str, Any], file: str) -> tuple[Event, ...]:
    """The `events` of a parsed scenario, e.g. `{at: 10m, restart: prometheus, for: 2m}`. Raises UnreadableError."""
    at = Position(file)
    written = data.get("events") or []
    if not isinstance(written, list):
        raise UnreadableError("`events` is no list", at=at, hint="Write e.g. - {at: 10m, down: grafana, for: 5m}")
    return tuple(_event(item, at) for item in written)


def _event(item: Any, at: Position) -> Event:
    kinds = [kind for kind in EventKind if isinstance(item, dict) and kind.value in item]
    if len(kinds) != 1 or "at" not in item:
        known = ", ".join(kind.value for kind in EventKind)
        raise UnreadableError(f"not an event: {item!r}", at=at, hint=f"It has `at`, and one of: {known}.")
    (kind,) = kinds
    what = item[kind.value]
    lasts = duration(str(item.get("for", "0s")), at)
    if kind is not EventKind.EXPIRE and not lasts:
        raise UnreadableError(f"an event that takes no time: {item!r}", at=at, hint="Add e.g. `for: 5m`.")
    if kind is EventKind.SILENCE:
        matchers = tuple(what) if isinstance(what, list) else (str(what),)
        return Event(kind, duration(str(item["at"]), at), lasts, str(item.get("name", "")), matchers)
    return Event(kind, duration(str(item["at"]), at), lasts, str(what))
