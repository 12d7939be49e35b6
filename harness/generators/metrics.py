"""The metrics of a whole deployment as functions of time: healthy operation with an incident laid over it.

The same function fills Prometheus's past (`openmetrics`) and answers its scrapes (`exposition`), so that a `rate()`
that spans both sees no break and rules run with their real windows and their real `for:`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UnreadableError
from harness.generators.notation import STEP_SECONDS, Labels
from harness.generators.scenario import Scenario, Track
from harness.model import Position

MONOTONIC = ("counter", "histogram")


@dataclass(frozen=True, slots=True)
class Series:
    """One series in healthy operation: `rate` per second when it counts, `value` when it is a gauge."""

    job: str
    name: str
    labels: Labels
    rate: float | None = None
    value: float = 0.0

    def at(self, seconds: float) -> float:
        """The value `seconds` after the world began."""
        return self.value if self.rate is None else self.rate * seconds


@dataclass(frozen=True, slots=True)
class World:
    """Every series of every target in healthy operation, and which metric names count up."""

    series: tuple[Series, ...]
    counters: frozenset[str]
    jobs: Mapping[str, str]

    def job_of(self, metric: str) -> str:
        """The scrape job that exposes a metric, by the catalog; empty for one it does not know."""
        return self.jobs.get(metric, "")


def read_world(world: Mapping[str, Any], catalog: Mapping[str, Any], file: str = "fixtures/world.yml") -> World:
    """Expand the fixture into series. Raises UnreadableError for a metric the catalog does not name."""
    known = {metric["name"]: metric for metric in catalog["metrics"]}
    counters: set[str] = set()
    jobs: dict[str, str] = {}
    for name, metric in known.items():
        names = [name] if metric["type"] != "histogram" else [f"{name}_bucket", f"{name}_sum", f"{name}_count"]
        jobs.update(dict.fromkeys(names, metric["job"]))
        if metric["type"] in MONOTONIC:
            counters.update(names)
    series: list[Series] = []
    for entry in world["series"]:
        metric = known.get(entry["metric"])
        if metric is None:
            raise UnreadableError(f"metric {entry['metric']!r} is not in the catalog", at=Position(file))
        for labels in _combinations(entry.get("labels") or {}):
            series.extend(_expand(entry, entry.get("job", metric["job"]), metric, labels))
    return World(tuple(series), frozenset(counters), jobs)


def _combinations(labels: Mapping[str, Any]) -> Iterator[Labels]:
    choices = [
        [(name, str(v)) for v in (value if isinstance(value, list) else [value])] for name, value in labels.items()
    ]
    for combination in itertools.product(*choices):
        yield tuple(sorted(combination))


def _expand(entry: Mapping[str, Any], job: str, metric: Mapping[str, Any], labels: Labels) -> Iterator[Series]:
    name = metric["name"]
    if metric["type"] != "histogram":
        rate = float(entry["rate"]) if "rate" in entry else None
        yield Series(job, name, labels, rate, float(entry.get("value", 0.0)))
        return
    per_bucket = {
        float(str(bound).replace("+Inf", "inf")): float(rate) for bound, rate in entry["observations"].items()
    }
    total = weighted = lower = 0.0
    for bound in [*map(float, metric["buckets"]), math.inf]:
        rate = per_bucket.get(bound, 0.0)
        total += rate
        weighted += rate * (lower * 1.5 if math.isinf(bound) else (lower + bound) / 2)
        lower = lower if math.isinf(bound) else bound
        yield Series(job, f"{name}_bucket", tuple(sorted((*labels, ("le", _bound(bound))))), total)
    yield Series(job, f"{name}_sum", labels, weighted)
    yield Series(job, f"{name}_count", labels, total)


def _bound(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else f"{bound:g}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """A world from `origin` on, with an incident from `incident` on (Unix seconds)."""

    world: World
    scenario: Scenario
    origin: float
    incident: float

    def samples(self, job: str, at: float) -> Iterator[tuple[str, Labels, float]]:
        """What the job's target exposes at a moment: name, labels, value."""
        tracks = self._tracks(job)
        for series in self.world.series:
            if series.job == job and (at < self.incident or (series.name, series.labels) not in tracks):
                yield series.name, series.labels, series.at(at - self.origin)
        if at >= self.incident:
            yield from self._incident_samples(job, tracks, at)

    def _incident_samples(
        self, job: str, tracks: Mapping[tuple[str, Labels], Track], at: float
    ) -> Iterator[tuple[str, Labels, float]]:
        healthy = {(s.name, s.labels): s.at(self.incident - self.origin) for s in self.world.series if s.job == job}
        for key, track in tracks.items():
            counter = track.name in self.world.counters
            value = track.at(at - self.incident, counter=counter)
            if value is not None:
                yield (*key, value + (healthy.get(key, 0.0) if counter else 0.0))

    def names(self, job: str) -> frozenset[str]:
        """The metrics of a job that the world or the incident defines."""
        healthy = {series.name for series in self.world.series if series.job == job}
        return frozenset(healthy | {name for name, _ in self._tracks(job)})

    def _tracks(self, job: str) -> dict[tuple[str, Labels], Track]:
        found = {}
        for track in self.scenario.tracks:
            of_job = dict(track.labels).get("job") or self.world.job_of(track.name)
            if track.name != "up" and of_job == job:
                found[(track.name, tuple(label for label in track.labels if label[0] != "job"))] = track
        return found

    def down(self, job: str, at: float) -> bool:
        """Whether the job's target fails its scrapes at a moment."""
        return at >= self.incident and self.scenario.down_at(job, at - self.incident)


def exposition(samples: Iterable[tuple[str, Labels, float]]) -> str:
    """Samples in Prometheus's text format."""
    return "".join(f"{sample_name(name, labels)} {value!r}\n" for name, labels, value in samples)


def sample_name(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """`name{label="value",…}` with the escapes of the text format."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{name}{{{inside}}}" if inside else name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def openmetrics(timeline: Timeline, instances: Mapping[str, str], until: float) -> Iterator[str]:
    """The past of every job in `instances` (job → instance label), from the origin, one sample every 15 s, as
    OpenMetrics.

    `promtool tsdb create-blocks-from openmetrics` reads it. A target that is down has only its `up` of 0.
    """
    steps = int((until - timeline.origin) // STEP_SECONDS)
    moments = [timeline.origin + STEP_SECONDS * step for step in range(steps + 1)]
    for job, instance in instances.items():
        target = (("instance", instance), ("job", job))
        names: dict[tuple[str, Labels], str] = {}
        for at in moments:
            down = timeline.down(job, at)
            yield f"{sample_name('up', target)} {int(not down)} {at:.3f}\n"
            for name, labels, value in () if down else timeline.samples(job, at):
                key = (name, labels)
                text = names.get(key)
                if text is None:
                    text = names[key] = sample_name(name, (*labels, *target))
                yield f"{text} {value!r} {at:.3f}\n"
    yield "# EOF\n"
