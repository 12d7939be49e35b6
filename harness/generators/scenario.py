"""Scenarios as values: an incident written in promtool's notation, and what it must lead to."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UnreadableError
from harness.generators import notation
from harness.generators.notation import STEP_SECONDS, Labels
from harness.model import Position

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@dataclass(frozen=True, slots=True)
class Track:
    """One series during the incident: a value per step from the incident's beginning, None where it is absent."""

    name: str
    labels: Labels
    values: tuple[float | None, ...]

    def at(self, seconds: float, *, counter: bool) -> float | None:
        """The value `seconds` after the beginning; counters move in between and go on, gauges hold the last value."""
        step = seconds / STEP_SECONDS
        index = int(step)
        if index >= len(self.values) - 1:
            last = self.values[-1]
            if last is None or not counter or len(self.values) < 2 or self.values[-2] is None:
                return last
            return last + (last - self.values[-2]) * (step - (len(self.values) - 1))
        value, following = self.values[index], self.values[index + 1]
        if value is None or not counter or following is None:
            return value
        return value + (following - value) * (step - index)


@dataclass(frozen=True, slots=True)
class Scenario:
    """An incident: when it began before going live (seconds), its series and log lines, and what must come of it."""

    name: str
    title: str
    begins_seconds: float
    tracks: tuple[Track, ...]
    fires: Mapping[str, float]
    muted: frozenset[str]
    logs: tuple[Mapping[str, Any], ...] = ()

    def changes(self, metrics: Collection[str]) -> tuple[float, ...]:
        """When one of these gauges takes another value, in seconds after the incident's beginning, in order."""
        found = {
            step
            for track in self.tracks
            if track.name in metrics
            for step, (before, after) in enumerate(itertools.pairwise(track.values), start=1)
            if before != after
        }
        return tuple(step * STEP_SECONDS for step in sorted(found))

    def down_at(self, job: str, seconds: float) -> bool:
        """Whether the job's target fails its scrapes `seconds` after the incident's beginning."""
        for track in self.tracks:
            if track.name == "up" and ("job", job) in track.labels:
                return track.at(seconds, counter=False) == 0
        return False


def duration(text: str, at: Position) -> float:
    """`1h30m` in seconds. Raises UnreadableError."""
    parts = _DURATION.findall(str(text))
    if "".join(number + unit for number, unit in parts) != str(text):
        if str(text) == "0":
            return 0.0
        raise UnreadableError(f"not a duration: {text!r}", at=at, hint="Write e.g. 30s, 5m or 1h30m.")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def read(name: str, data: Mapping[str, Any], file: str) -> Scenario:
    """The scenario a parsed file holds. Raises UnreadableError naming the file and what is wrong."""
    at = Position(file)
    if not isinstance(data, dict) or "scenario" not in data:
        raise UnreadableError("not a scenario: no `scenario:` title", at=at)
    tracks = []
    for text, written in _section(data, "metrics", at).items():
        metric, labels = notation.series(text, at)
        tracks.append(Track(metric, labels, notation.values(str(written), at)))
    expect = _section(data, "expect", at)
    alerts = _section(expect, "alerts", at)
    fires = {alert: duration(_section(alerts, alert, at).get("fires", "0s"), at) for alert in alerts}
    begins = duration(data.get("begins", "30m"), at)
    muted, logs = frozenset(expect.get("muted") or ()), tuple(data.get("logs") or ())
    return Scenario(name, data["scenario"], begins, tuple(tracks), fires, muted, logs)


def _section(data: Mapping[str, Any], name: str, at: Position) -> Mapping[str, Any]:
    """What stands under a name: a mapping, or nothing. Raises UnreadableError for anything else."""
    section = data.get(name) or {}
    if not isinstance(section, dict):
        raise UnreadableError(f"`{name}` is no mapping: {section!r}", at=at)
    return section
