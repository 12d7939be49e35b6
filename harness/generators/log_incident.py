"""The log side of an incident: what a scenario says is written, when and how often.

An entry of a scenario's `logs`: `{at: 5m, every: 2s, for: 10m, kind: error, level: error, message: …, fields: {…}}`.
Fields are values of a traffic mix, so an incident may draw users, times and sizes as everyday traffic does.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.generators.log_journeys import Journey, read_journeys
from harness.generators.log_population import Population
from harness.generators.scenario import duration
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Burst:
    """One entry: a journey written again and again. Times in milliseconds after the incident's beginning."""

    first: int
    last: int
    every: int
    journey: Journey

    def moments(self) -> range:
        """When it is written."""
        return range(self.first, self.last + 1, self.every)


@dataclass(frozen=True, slots=True)
class Incident:
    """All entries of a scenario."""

    bursts: tuple[Burst, ...]

    @classmethod
    def read(
        cls,
        entries: Sequence[Mapping[str, Any]],
        file: str,
        mix: Mapping[str, Any],
        catalog: Mapping[str, Any],
        populations: Mapping[str, Population],
    ) -> Incident:
        """Read a scenario's `logs`. Raises UnreadableError for a time, field, kind or level that makes no sense."""
        return cls(tuple(_burst(entry, file, mix, catalog, populations) for entry in entries))

    def moments(self) -> Iterator[tuple[int, Journey]]:
        """Every journey with its moment, in the order of time."""
        merged = heapq.merge(*([(at, n) for at in burst.moments()] for n, burst in enumerate(self.bursts)))
        return ((at, self.bursts[n].journey) for at, n in merged)


def _burst(
    entry: Mapping[str, Any],
    file: str,
    mix: Mapping[str, Any],
    catalog: Mapping[str, Any],
    populations: Mapping[str, Population],
) -> Burst:
    at = Position(file)
    first = duration(str(entry.get("at", "0s")), at)
    lasts = duration(str(entry.get("for", "0s")), at)
    every = duration(str(entry.get("every", "1s")), at)
    line = {"level": entry["kind"] if entry["kind"] == "error" else "info", "message": f"{file}: incident", **entry}
    line = {name: value for name, value in line.items() if name in ("kind", "level", "message", "fields", "use")}
    spec = {"name": file, "weight": 1, "cast": list(populations), "let": entry.get("let", {}), "lines": [line]}
    (journey,) = read_journeys([spec], mix, catalog, populations)
    return Burst(int(first * 1000), int((first + lasts) * 1000), max(1, int(every * 1000)), journey)
