"""Draws the world day by day: which chain is written when, and the lines of it. One seed gives the same bytes anywhere.

A day is drawn by itself, so that several processes may write different days.
"""

from __future__ import annotations

import hashlib
import math
import random
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.generators.log_schedule import Clock
from harness.generators.logs import Line
from harness.generators.story.chains import Chains
from harness.generators.story.plan import DAY_MS, Incident, Plan


def margin(scale: int) -> float:
    """How much more is drawn than asked for, an average being none: three deviations of the sum of so many chains."""
    return 1 + 1.5 / math.sqrt(scale)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lines of one day in the order written: when (Unix milliseconds), which part, and of which request."""

    times_ms: array[int]
    parts: array[int]
    requests: array[int]


@dataclass(frozen=True, slots=True)
class Story:
    """A world that can be drawn: its plan, its chains, a seed and how many lines it has (about `scale`, no fewer)."""

    plan: Plan
    chains: Chains
    seed: int
    scale: int
    shares: tuple[int, ...]

    @classmethod
    def of(cls, fixtures: Mapping[str, Any], seed: int, scale: int) -> Story:
        """Read the fixtures and draw the chains: half a second. Raises UnreadableError."""
        plan = Plan.read(fixtures["story"], fixtures["logs"].get("rhythm") or ())
        chains = Chains.draw(plan, seed, fixtures)
        return cls(
            plan, chains, seed, scale, tuple(plan.shares(math.ceil(scale * margin(scale) / chains.lines_per_chain)))
        )

    @property
    def prefix(self) -> str:
        """What every id of this world begins with."""
        return hashlib.sha256(f"world of seed {self.seed}".encode()).hexdigest()[:8]

    def day(self, number: int) -> Drawn:
        """The lines of one day, drawn."""
        plan, drawn = self.plan, Drawn(array("q"), array("l"), array("l"))
        source = random.Random(f"{self.seed}/world/day {number}")
        slots = DAY_MS // plan.slot_ms
        quota = _Quota()
        chain_number = 0
        for slot in range(number * slots, (number + 1) * slots):
            begins = plan.begins_ms + slot * plan.slot_ms
            picks = self._picked(self.shares[slot], plan.incident_at(begins), quota, source)
            if self.chains.deploy is not None and begins in plan.deploys_ms:
                picks.insert(0, self.chains.deploy)
            step = plan.slot_ms / max(1, len(picks))
            for index, chain in enumerate(picks):
                self._write(drawn, chain, int(begins + (index + source.random()) * step), begins, chain_number)
                chain_number += 1
        return drawn

    def _write(self, drawn: Drawn, chain: int, at: int, slot_begins: int, number: int) -> None:
        # A request's lines stay in the slot in which it began, so that counts by slot are exact.
        last = slot_begins + self.plan.slot_ms - 1
        parts = self.chains.parts
        for part in self.chains.chains[chain]:
            drawn.times_ms.append(min(at + parts[part].offset_ms, last))
            drawn.parts.append(part)
            drawn.requests.append(number)

    def _picked(self, count: int, incident: Incident | None, quota: _Quota, source: random.Random) -> list[int]:
        """The chains of one slot."""
        ordinary, chains, draw = self.chains.ordinary, self.chains, source.random
        picks = [int(draw() * ordinary) for _ in range(count)]
        if incident is None:
            return picks
        own = chains.of_incident[incident.name]
        failing = any(chains.failures[chain] for chain in own)
        if failing:
            picks = [self._succeeding(chain, source) for chain in picks]
        places = [place for place, chain in enumerate(picks) if chains.requests[chain]]
        for place in source.sample(places, quota.take(incident, len(places))):
            picks[place] = source.choice(own)
        return picks

    def _succeeding(self, chain: int, source: random.Random) -> int:
        while self.chains.failures[chain]:
            chain = int(source.random() * self.chains.ordinary)
        return chain

    def lines(self, number: int, drawn: Drawn, first: int = 0, last: int | None = None) -> Iterator[Line]:
        """The lines of a drawn day as the backend writes them, from the `first` to before the `last`."""
        parts, iso, prefix = self.chains.parts, Clock().iso, self.prefix
        last = len(drawn.parts) if last is None else last
        for index in range(first, last):
            kind, chained, _, body, phi = parts[drawn.parts[index]]
            event_id = self.event_id(number, index)
            request = f'","requestId":"r-{prefix}-{number:02d}{drawn.requests[index]:07d}",' if chained else '",'
            text = f'{{"timestamp":"{iso(drawn.times_ms[index])}","eventId":"{event_id}{request}{body}'
            yield Line(kind, event_id, text, phi)

    def event_id(self, day: int, index: int) -> str:
        """The id of a line: which day, and which of its lines."""
        return f"{self.prefix}-{day:02d}{index:08d}"


class _Quota:
    """Gives an incident its share of each slot's requests, so that the rounding does not add up."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def take(self, incident: Incident, requests: int) -> int:
        """How many of this slot's requests are the incident's."""
        seen, taken = self._seen.get(incident.name, (0, 0))
        seen += requests
        share = min(round(seen * incident.share) - taken, requests)
        self._seen[incident.name] = (seen, taken + share)
        return share
