"""A stretch of operation: the incidents of a month, or of its first days, drawn with a seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import UnreadableError
from harness.generators.notation import STEP_SECONDS
from harness.generators.scenario import Scenario, Track, duration
from harness.model import Position
from harness.simulate.segments import Incident

DAY = 86_400.0
FILE = "fixtures/month.yml"
SHORTEST_SECONDS, LONGEST_SECONDS = 1800.0, 10_800.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of incident, and how often it happens in a month."""

    scenario: Scenario
    times: int


def read_kinds(month: Mapping[str, Any], scenarios: Mapping[str, Scenario]) -> tuple[Kind, ...]:
    """The kinds of incident of `fixtures/month.yml`. Raises UnreadableError for a part of a scenario that is none."""
    return tuple(_kind(entry, scenarios) for entry in month.get("incidents") or ())


def _kind(entry: Mapping[str, Any], scenarios: Mapping[str, Scenario]) -> Kind:
    at = Position(FILE)
    scenario = scenarios.get(entry.get("scenario", ""))
    if scenario is None:
        raise UnreadableError(f"{entry.get('name')!r} is part of a scenario that there is none of", at=at)
    wanted = [str(part) for part in entry.get("series") or ("",)]
    skipped = int(duration(entry.get("skip", "0s"), at) / STEP_SECONDS)
    tracks = [_later(track, skipped) for track in scenario.tracks if any(part in _written(track) for part in wanted)]
    unused = [part for part in wanted if not any(part in _written(track) for track in scenario.tracks)]
    if not tracks or unused:
        raise UnreadableError(f"{entry['name']!r}: no series of {scenario.name} contains {unused or wanted}", at=at)
    return Kind(replace(scenario, name=entry["name"], title=entry["name"], tracks=tuple(tracks)), int(entry["times"]))


def _written(track: Track) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in track.labels)
    return f"{track.name}{{{inside}}}" if inside else track.name


def _later(track: Track, steps: int) -> Track:
    """A track without its beginning; a counter's goes on counting from nothing."""
    values = track.values[min(steps, len(track.values) - 1) :]
    if steps and values[0] is not None and track.name.endswith(("_total", "_bucket", "_sum", "_count")):
        values = tuple(None if value is None else value - values[0] for value in values)
    return replace(track, values=values)


def stretch(kinds: Sequence[Kind], days: float, seed: int, per_day: int = 2) -> list[Incident]:
    """`per_day` incidents a day of half an hour to three hours, none before the one before is over."""
    chance = random.Random(seed)
    deck = [kind.scenario for kind in kinds for _ in range(kind.times)]
    chance.shuffle(deck)
    slot = DAY / per_day
    latest = int((slot - LONGEST_SECONDS) / STEP_SECONDS)
    return [
        Incident(
            scenario,
            number * slot + STEP_SECONDS * chance.randrange(latest),
            STEP_SECONDS * chance.randrange(int(SHORTEST_SECONDS / STEP_SECONDS), int(LONGEST_SECONDS / STEP_SECONDS)),
        )
        for number, scenario in enumerate(itertools.islice(itertools.cycle(deck), int(days * per_day)))
    ]
