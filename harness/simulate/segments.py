"""A world and its incidents as straight lines: all that a week of samples holds, in a few numbers for each series."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UnreadableError
from harness.generators.metrics import World
from harness.generators.notation import STEP_SECONDS, Labels
from harness.generators.scenario import Scenario, Track
from harness.model import Position

HISTORY_SECONDS = 86_400.0
"""How long the world has been healthy before; counters have counted that long."""

Key = tuple[str, str, Labels]


@dataclass(frozen=True, slots=True)
class Incident:
    """A scenario that begins `at` seconds and is over after `lasts` seconds; then the world is as it was."""

    scenario: Scenario
    at: float = 0.0
    lasts: float = math.inf

    @property
    def ends(self) -> float:
        """When it is over."""
        return self.at + self.lasts


@dataclass(frozen=True, slots=True)
class Segment:
    """From `at` on: the value there and its change per second; None while there is no sample."""

    at: float
    value: float | None
    slope: float = 0.0

    def value_at(self, at: float) -> float:
        """The value at a moment of the segment; 0 when there is none."""
        return 0.0 if self.value is None else self.value + self.slope * (at - self.at)

    def plain(self) -> dict[str, Any]:
        """As the virtual clock reads it."""
        return {"at": self.at, "value": self.value, "slope": self.slope}


def lines(world: World, incidents: Sequence[Incident]) -> Mapping[Key, tuple[Segment, ...]]:
    """Every series (job, name, labels) as segments. Raises UnreadableError when incidents overlap."""
    ordered = sorted(incidents, key=lambda incident: incident.at)
    for one, following in itertools.pairwise(ordered):
        if one.ends > following.at:
            raise UnreadableError(
                f"{following.scenario.name} begins at {following.at:g} s, before {one.scenario.name} is over",
                at=Position(f"fixtures/scenarios/{following.scenario.name}.yml"),
                hint="Let one incident begin after the other is over.",
            )
    healthy = {
        (s.job, s.name, s.labels): Segment(-HISTORY_SECONDS, 0.0 if s.rate is not None else s.value, s.rate or 0.0)
        for s in world.series
    }
    found = {key: [segment] for key, segment in healthy.items()}
    for incident in ordered:
        for key, track in _tracks(world, incident.scenario):
            course = found.setdefault(key, [])
            counter = track.name in world.counters
            base = course[-1].value_at(incident.at) if counter and course else 0.0
            course.extend(s for s in _course(track, incident.at, base, counter) if s.at < incident.ends)
            if math.isfinite(incident.ends):
                course.append(_over(course[-1], healthy.get(key), incident.ends, counter))
    return {key: tuple(_joined(course)) for key, course in found.items()}


def _over(last: Segment, healthy: Segment | None, at: float, counter: bool) -> Segment:
    """How a series goes on when the incident is over; a counter from where it is."""
    if healthy is None:
        return Segment(at, None)
    return Segment(at, last.value_at(at), healthy.slope) if counter else Segment(at, healthy.value)


def _tracks(world: World, scenario: Scenario) -> Iterator[tuple[Key, Track]]:
    for track in scenario.tracks:
        if track.name != "up":
            job = dict(track.labels).get("job") or world.job_of(track.name)
            yield (job, track.name, tuple(label for label in track.labels if label[0] != "job")), track


def _course(track: Track, begins: float, base: float, counter: bool) -> Iterator[Segment]:
    """A track's segments: counters go straight from step to step and on, gauges keep each value for a step."""
    slope = 0.0
    for index, value in enumerate(track.values):
        following = track.values[index + 1] if index + 1 < len(track.values) else None
        if not counter or value is None:
            slope = 0.0
        elif following is not None:
            slope = (following - value) / STEP_SECONDS
        elif index + 1 < len(track.values):
            slope = 0.0
        yield Segment(begins + index * STEP_SECONDS, None if value is None else value + base, slope)


def _joined(course: Sequence[Segment]) -> Iterator[Segment]:
    """The segments without those that go on as the one before."""
    last: Segment | None = None
    for segment in course:
        if last is not None and _goes_on(last, segment):
            continue
        last = segment
        yield segment


def _goes_on(last: Segment, segment: Segment) -> bool:
    if last.value is None or segment.value is None:
        return last.value is segment.value
    straight = math.isclose(last.slope, segment.slope, rel_tol=1e-9, abs_tol=1e-12)
    return straight and math.isclose(last.value_at(segment.at), segment.value, rel_tol=1e-9, abs_tol=1e-9)


def down(incidents: Sequence[Incident], job: str) -> Iterator[tuple[float, float]]:
    """From when to when a job's target fails its scrapes."""
    for incident in incidents:
        for track in incident.scenario.tracks:
            if track.name == "up" and ("job", job) in track.labels:
                for segment, following in _pairs(tuple(_joined(tuple(_course(track, incident.at, 0.0, False))))):
                    if segment.value == 0 and segment.at < incident.ends:
                        yield segment.at, min(following.at if following else math.inf, incident.ends)


def _pairs(segments: Sequence[Segment]) -> Iterator[tuple[Segment, Segment | None]]:
    for index, segment in enumerate(segments):
        yield segment, segments[index + 1] if index + 1 < len(segments) else None
