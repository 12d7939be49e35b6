"""When generated requests happen: spread over a span of time, evenly or in a daily rhythm."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """A span of time in Unix milliseconds. `rhythm` holds 24 weights, one per hour of the day (UTC); empty: even."""

    begins_ms: int
    ends_ms: int
    rhythm: tuple[float, ...] = ()

    @classmethod
    def last(cls, seconds: float, until: float, rhythm: tuple[float, ...] = ()) -> Schedule:
        """The `seconds` before the Unix time `until`."""
        return cls(int((until - seconds) * 1000), int(until * 1000), rhythm)

    def times(self, count: int, source: random.Random) -> Iterator[int]:
        """`count` times in ascending order, Unix milliseconds."""
        for begins, ends, share in self._slices(count):
            step = (ends - begins) / share if share else 0.0
            for index in range(share):
                yield int(begins + (index + source.random()) * step)

    def _slices(self, count: int) -> Iterator[tuple[int, int, int]]:
        if not self.rhythm:
            yield self.begins_ms, self.ends_ms, count
            return
        hours = []
        begins = self.begins_ms
        while begins < self.ends_ms:
            ends = min(self.ends_ms, (begins // _HOUR_MS + 1) * _HOUR_MS)
            hours.append((begins, ends, (ends - begins) * self.rhythm[begins // _HOUR_MS % 24]))
            begins = ends
        total = sum(weight for _, _, weight in hours)
        given, wanted = 0, 0.0
        for begins, ends, weight in hours:
            # The running sum is rounded, not each share, so that the shares add up to the count.
            wanted += count * weight / total
            share = round(wanted) - given
            given += share
            yield begins, ends, share


class Clock:
    """Writes Unix milliseconds as ISO 8601; the seconds' text is kept because neighbours share it."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def iso(self, milliseconds: int) -> str:
        """`2026-11-23T14:00:00.000Z`."""
        second, rest = divmod(milliseconds, 1000)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self._text}{rest:03d}Z"
