"""Writes the application's log lines: all kinds and levels, in chains as requests make them, seeded, with ground truth.

One seed, mix, catalog and schedule give byte-identical lines. The first chains are all different; from `POOL` on
they are repeated at random with new ids and times, which makes hundreds of thousands of lines a second possible.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.generators.log_incident import Incident
from harness.generators.log_journeys import Chain, Journey, read_journeys
from harness.generators.log_population import Canary, Population, populate
from harness.generators.log_schedule import Clock, Schedule
from harness.generators.log_values import compile_value

POOL = 8192


class Line(NamedTuple):
    """One generated line. `kind` is also the name of the file it belongs in; `phi` the canaries it holds.

    `well_formed` is False for a line broken on purpose: it must end among the dead letters, found by `event_id` in it.
    """

    kind: str
    event_id: str
    text: str
    phi: tuple[str, ...]
    well_formed: bool = True


class LogGenerator:
    """Makes lines from a seed, the catalog (which fields there are) and a mix (`fixtures/logs.yml`: who does what)."""

    def __init__(self, seed: int, catalog: Mapping[str, Any], mix: Mapping[str, Any]) -> None:
        self.prefix = hashlib.sha256(f"log lines of seed {seed}".encode()).hexdigest()[:8]
        self._source = random.Random(f"{seed}/chains")
        self._mix, self._catalog = mix, catalog
        makers = random.Random(f"{seed}/population")
        self._populations: dict[str, Population] = {
            name: populate(name, spec, makers) for name, spec in mix["population"].items()
        }
        self._journeys: tuple[Journey, ...] = read_journeys(mix["journeys"], mix, catalog, self._populations)
        self._weights = list(itertools.accumulate(journey.weight for journey in self._journeys))
        self._pool: list[Chain] = []
        self._numbers = itertools.count(1)
        self._chains = itertools.count(1)

    @property
    def canaries(self) -> tuple[Canary, ...]:
        """Every synthetic identifier that may stand in a line and must not be found in an index."""
        return tuple(canary for population in self._populations.values() for canary in population.canaries())

    def lines(self, count: int, schedule: Schedule) -> Iterator[Line]:
        """At least `count` lines over the schedule; the last chain is finished. Call again for more, with new ids."""
        chains = list(self._draw(count))
        order = random.Random(self._source.random())
        clock = Clock()
        for chain, begins in zip(chains, schedule.times(len(chains), order), strict=True):
            yield from self._written(chain, begins, clock)

    def incident(self, entries: Sequence[Mapping[str, Any]], file: str, begins_ms: int) -> Iterator[Line]:
        """The lines of a scenario's `logs`, in the order of time; the incident begins at `begins_ms` (Unix)."""
        clock, incident = Clock(), Incident.read(entries, file, self._mix, self._catalog, self._populations)
        for at, journey in incident.moments():
            yield from self._written(journey.draw(self._source), begins_ms + at, clock)

    def malformed(self, count: int, schedule: Schedule) -> Iterator[Line]:
        """`count` lines no pipeline can parse, some with canaries: what a crash amid a write leaves behind."""
        spec = self._mix["malformed"]
        draw = compile_value({"choice": spec["texts"]}, "malformed.texts")
        clock = Clock()
        for begins in schedule.times(count, self._source):
            cast = {name: population.draw(self._source) for name, population in self._populations.items()}
            event_id = self._event_id()
            text = draw(self._source, {**cast, "eventId": event_id, "timestamp": clock.iso(begins)})
            spellings = (s for name, member in cast.items() for s in self._populations[name].spellings(member))
            yield Line(spec["kind"], event_id, text, tuple(s for s in spellings if s in text), False)

    def _event_id(self) -> str:
        return f"{self.prefix}-{next(self._numbers):09d}"

    def _draw(self, count: int) -> Iterator[Chain]:
        """Chains that hold `count` lines: new ones while the pool is filling, then any of it."""
        written = 0
        while written < count:
            if len(self._pool) < POOL:
                journey = self._source.choices(self._journeys, cum_weights=self._weights)[0]
                chain = journey.draw(self._source)
                self._pool.append(chain)
            else:
                chain = self._pool[int(self._source.random() * POOL)]
            written += len(chain.parts)
            yield chain

    def _written(self, chain: Chain, begins: int, clock: Clock) -> Iterator[Line]:
        request = f'","requestId":"r-{self.prefix}-{next(self._chains):08d}",'
        prefix, numbers, iso = self.prefix, self._numbers, clock.iso
        for kind, chained, offset, body, phi in chain.parts:
            event_id = f"{prefix}-{next(numbers):09d}"
            text = f'{{"timestamp":"{iso(begins + offset)}","eventId":"{event_id}{request if chained else _ALONE}{body}'
            yield Line(kind, event_id, text, phi)


_ALONE = '",'
