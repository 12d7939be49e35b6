"""What happens in the world and when: `fixtures/story.yml` as values, times as Unix milliseconds on full slots."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.errors import UnreadableError
from harness.generators import notation
from harness.generators.notation import Labels
from harness.model import Position

FILE = "fixtures/story.yml"
AT = Position(FILE)
STEP_MS = 15_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Incident:
    """From `begins_ms` to `ends_ms`, `share` of the requests are `journey`; gauges hold other values meanwhile."""

    name: str
    begins_ms: int
    ends_ms: int
    journey: str
    share: float
    culprit: str
    gauges: Mapping[tuple[str, Labels], float]

    def covers(self, at_ms: int) -> bool:
        """Whether it goes on at a moment."""
        return self.begins_ms <= at_ms < self.ends_ms


@dataclass(frozen=True, slots=True)
class Plan:
    """The times of a world. `slots` of equal length fill it; `weights` is how busy each is, 1 on average.

    The first `slots_before_metrics` slots are older than the metrics are kept, and are in the logs only.
    """

    begins_ms: int
    ends_ms: int
    metrics_begin_ms: int
    slot_ms: int
    weights: tuple[float, ...]
    deploys_ms: tuple[int, ...]
    incidents: tuple[Incident, ...]
    lines_per_second: float

    @classmethod
    def read(cls, story: Mapping[str, Any], rhythm: Sequence[float]) -> Plan:
        """Read `fixtures/story.yml`. Raises UnreadableError for a time outside of the world or not on a full slot."""
        ends, slot = _moment(story["ends"]), int(story["slot_minutes"]) * 60_000
        begins = ends - int(story["days"]) * DAY_MS
        incidents = tuple(_incident(entry) for entry in story.get("incidents") or ())
        deploys = tuple(sorted(_moment(at) for at in (story.get("deploys") or {}).get("at", ())))
        if ends % slot or HOUR_MS % slot or slot % STEP_MS:
            raise UnreadableError("`ends` must be on a full slot, and an hour must hold full slots", at=AT)
        times = [(i.name, at) for i in incidents for at in (i.begins_ms, i.ends_ms)] + [
            ("a deploy", d) for d in deploys
        ]
        for name, at in times:
            if at % slot or not begins < at <= ends:
                raise UnreadableError(f"{name}: {_text(at)} is outside of the world, or not on a full slot", at=AT)
        for one, other in itertools.combinations(incidents, 2):
            if one.covers(other.begins_ms) or other.covers(one.begins_ms):
                raise UnreadableError(f"{one.name} and {other.name} overlap, so neither share is exact", at=AT)
        raw = [rhythm[at // HOUR_MS % 24] if rhythm else 1.0 for at in range(begins, ends, slot)]
        mean = sum(raw) / len(raw)
        return cls(
            begins_ms=begins,
            ends_ms=ends,
            metrics_begin_ms=ends - int(story["metrics_days"]) * DAY_MS,
            slot_ms=slot,
            weights=tuple(weight / mean for weight in raw),
            deploys_ms=deploys,
            incidents=incidents,
            lines_per_second=float(story["lines_per_second"]),
        )

    @property
    def slots_before_metrics(self) -> int:
        """How many slots are in the logs only."""
        return (self.metrics_begin_ms - self.begins_ms) // self.slot_ms

    @property
    def days(self) -> int:
        """How many days it spans, the last one whole too: they end at the hour at which the world does."""
        return (self.ends_ms - self.begins_ms) // DAY_MS

    def slot_of(self, at_ms: int) -> int:
        """The number of the slot that a moment is in."""
        return (at_ms - self.begins_ms) // self.slot_ms

    def incident_at(self, at_ms: int) -> Incident | None:
        """The incident that goes on at a moment."""
        return next((incident for incident in self.incidents if incident.covers(at_ms)), None)

    def shares(self, count: int) -> Iterator[int]:
        """How many of `count` things fall into each slot; the shares add up to the count."""
        given, wanted, total = 0, 0.0, sum(self.weights)
        for weight in self.weights:
            # The running sum is rounded, not each share.
            wanted += count * weight / total
            share = round(wanted) - given
            given += share
            yield share

    def multiplier(self, lines: int) -> int:
        """For how many lines of the deployment one of `lines` stands; a multiple of the steps in a slot, so that every
        counter is a whole number at every scrape."""
        steps = self.slot_ms // STEP_MS
        meant = self.lines_per_second * (self.ends_ms - self.begins_ms) / 1000 / max(1, lines)
        return steps * max(1, round(meant / steps))


def _incident(entry: Mapping[str, Any]) -> Incident:
    begins = _moment(entry["at"])
    gauges = {notation.series(text, AT): float(value) for text, value in (entry.get("gauges") or {}).items()}
    share = float(entry["share"])
    if not 0 < share <= 1:
        raise UnreadableError(f"{entry['name']}: a share is above 0 and at most 1, not {share:g}", at=AT)
    ends = begins + int(entry["minutes"]) * 60_000
    return Incident(entry["name"], begins, ends, entry["journey"], share, str(entry.get("culprit", "")), gauges)


def _moment(value: Any) -> int:
    if not isinstance(value, datetime):
        raise UnreadableError(f"not a moment: {value!r}", at=AT, hint="Write e.g. 2025-06-24T10:00:00Z.")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
