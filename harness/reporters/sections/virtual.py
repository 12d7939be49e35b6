"""What the virtual clock showed: each scenario from first sample to last message, each alert from its expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model import History
from harness.reporters.sections.reading import entries, figure, inner, text


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario in virtual time: how many alerts fired, and which messages that led to."""

    scenario: str
    inhibiting: bool
    hours: float | None
    fired: int
    messages: int
    repeats: int
    resolved: int
    muted: int
    channels: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The same incidents over days, with and without inhibition: how many messages each channel had."""

    days: float | None
    inhibiting: bool
    incidents: int
    messages: int
    channels: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Virtual:
    """Everything that was played in virtual time. `derived` alerts were made to fire from their own expression."""

    played: tuple[Played, ...]
    stretches: tuple[Stretch, ...]
    derived: int
    underivable: tuple[tuple[str, str], ...]
    seconds: float | None


def virtual(history: History) -> Virtual | None:
    """What was recorded of virtual time; None when nothing was played in it."""
    played = tuple(_played(seen.data, seen.subject) for seen in history.of_kind("virtual"))
    stretches = tuple(_stretch(seen.data) for seen in history.of_kind("stretch"))
    derived = len({seen.subject for seen in history.of_kind("derived")})
    if not (played or stretches or derived):
        return None
    took = history.last("simulated")
    return Virtual(
        played=played,
        stretches=stretches,
        derived=derived,
        underivable=tuple((seen.subject, text(seen.data, "reason")) for seen in history.of_kind("underivable")),
        seconds=figure(took.data, "seconds") if took else None,
    )


def _played(data: Mapping[str, Any], subject: str) -> Played:
    lasts = figure(data, "lasts")
    told = [one for one in entries(data, "messages") if isinstance(one, Mapping)]
    states = [str(entry[1]) for one in told for entry in entries(one, "alerts") if len(entry) > 1]
    return Played(
        scenario=text(data, "name") or subject,
        inhibiting=bool(data.get("inhibiting", True)),
        hours=None if lasts is None else lasts / 3600,
        fired=len(inner(data, "fired")),
        messages=len(told),
        repeats=sum("repeat" in text(one, "reason") for one in told),
        resolved=states.count("resolved"),
        muted=len(entries(data, "muted")),
        channels=tuple(sorted(Counter(text(one, "channel") for one in told).items())),
    )


def _stretch(data: Mapping[str, Any]) -> Stretch:
    channels = {
        str(name): int(figure(inner(data, "per_channel"), str(name)) or 0) for name in inner(data, "per_channel")
    }
    return Stretch(
        days=figure(data, "days"),
        inhibiting=bool(data.get("inhibiting", True)),
        incidents=len(entries(data, "incidents")),
        messages=sum(channels.values()),
        channels=tuple(sorted(channels.items())),
    )
