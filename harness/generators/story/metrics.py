"""The metrics of the world: counters that count its lines, and what else its targets expose, as functions of time.

Within a slot every counter rises evenly; at the end of a slot it has counted exactly the lines of that slot and all
before, each `multiplier` times. A deployment sets the counters of its job to zero, just after the scrape at its moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from harness.generators.metrics import World, read_world
from harness.generators.notation import Labels
from harness.generators.story.counted import added_by, per_slot
from harness.generators.story.draw import Drawn, Story
from harness.generators.story.plan import STEP_MS

DIGITS = 3
"""Of what is no whole number: seconds to the millisecond."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """One series: what it rises by in each slot when it counts, or what it holds in each slot.

    `labels` are as Prometheus stores them, with `instance` and `job`. `resets` are the slots that begin with a restart.
    """

    name: str
    labels: Labels
    counts: bool
    per_slot: tuple[float, ...]
    resets: tuple[int, ...] = ()
    _before: list[float] = field(default_factory=list)

    def value(self, slot: int, share: float) -> float:
        """What is exposed when `share` (above 0, at most 1) of a slot has passed."""
        if not self.counts:
            return self.per_slot[slot]
        value = self._total(slot) - self._total(self._began(slot)) + self.per_slot[slot] * share
        return round(value, DIGITS)

    def risen(self, slot: int, share: float) -> float:
        """By how much it has risen since the metrics began, restarts left aside."""
        return self._total(slot) + self.per_slot[slot] * share if slot < len(self.per_slot) else self._total(slot)

    def _total(self, slot: int) -> float:
        """What all slots before this one add up to."""
        if not self._before:
            total = 0.0
            self._before.append(total)
            for risen in self.per_slot:
                total += risen
                self._before.append(total)
        return self._before[slot]

    def _began(self, slot: int) -> int:
        return max((reset for reset in self.resets if reset <= slot), default=0)


def series_of(story: Story, days: list[Drawn], fixtures: Mapping[str, Any], lines: int) -> tuple[MetricSeries, ...]:
    """Every series of every target, in the order of jobs and names; `days` is the whole world, drawn."""
    world = read_world(fixtures["world"], fixtures["catalog"])
    plan, slots = story.plan, len(story.plan.weights) - story.plan.slots_before_metrics
    added = added_by(story.chains.records, fixtures["story"], fixtures["catalog"])
    multiplier = plan.multiplier(lines)
    counted = per_slot(_parts_by_slot(story, days), added, slots)
    names = {name for part in added for (name, _), _ in part}
    # What has not happened yet is exposed as zero, as a client library does for labels it knows.
    everything = {(s.name, s.labels): [0.0] * slots for s in world.series if s.name in names} | counted
    jobs = {s.name: s.job for s in world.series}
    instances = fixtures["deployment"]["listens"]
    found = [
        MetricSeries(
            name, _target(labels, job, instances), True, tuple(r * multiplier for r in rises), _resets(story, job)
        )
        for (name, labels), rises in everything.items()
        for job in [jobs.get(name) or world.job_of(name)]
    ]
    found += [_from_world(series, story, world, fixtures) for series in world.series if series.name not in names]
    found += [
        MetricSeries("up", _target((), job, instances), False, (1.0,) * slots)
        for job in sorted({s.job for s in world.series})
    ]
    return tuple(sorted(found, key=lambda s: (dict(s.labels)["job"], s.name, s.labels)))


def _parts_by_slot(story: Story, days: list[Drawn]) -> Iterator[list[int]]:
    """The parts written in each slot of the metrics."""
    plan = story.plan
    buckets: list[list[int]] = [[] for _ in range(len(plan.weights) - plan.slots_before_metrics)]
    for drawn in days:
        for at, part in zip(drawn.times_ms, drawn.parts, strict=True):
            slot = plan.slot_of(at) - plan.slots_before_metrics
            if slot >= 0:
                buckets[slot].append(part)
    yield from buckets


def _from_world(series: Any, story: Story, world: World, fixtures: Mapping[str, Any]) -> MetricSeries:
    """A series that no line tells of, as world.yml has it; an incident or the time of day may change it."""
    plan, told = story.plan, fixtures["story"]
    begins, slot_seconds = plan.slots_before_metrics, plan.slot_ms / 1000
    weights = plan.weights[begins:]
    labels = _target(series.labels, series.job, fixtures["deployment"]["listens"])
    deployed = _deployed_job(fixtures)
    if series.name in world.counters:
        busy = series.job == deployed
        steps = plan.slot_ms // STEP_MS
        # A whole number of thousandths each step, so that no sum of steps needs more digits.
        rises = (
            round((series.rate or 0.0) * (weight if busy else 1.0) * slot_seconds / steps, DIGITS) * steps
            for weight in weights
        )
        return MetricSeries(series.name, labels, True, tuple(rises), _resets(story, series.job, deployed))
    values = [series.value] * len(weights)
    if series.name in told.get("with_the_day", ()):
        values = [float(round(series.value * weight)) for weight in weights]
    if series.name == ((told.get("deploys") or {}).get("started") or {}).get("metric"):
        values = [
            _started(plan.metrics_begin_ms + n * plan.slot_ms, plan.deploys_ms, series.value)
            for n in range(len(values))
        ]
    for incident in plan.incidents:
        if (series.name, series.labels) in incident.gauges:
            for slot in range(plan.slot_of(incident.begins_ms), plan.slot_of(incident.ends_ms)):
                if slot >= begins:
                    values[slot - begins] = incident.gauges[series.name, series.labels]
    return MetricSeries(series.name, labels, False, tuple(values))


def _started(slot_begins_ms: int, deploys_ms: tuple[int, ...], otherwise: float) -> float:
    return max((at / 1000 for at in deploys_ms if at <= slot_begins_ms), default=otherwise)


def _deployed_job(fixtures: Mapping[str, Any]) -> str:
    """The job that a deployment restarts: the one that exposes when it was started."""
    name = ((fixtures["story"].get("deploys") or {}).get("started") or {}).get("metric")
    return next((str(m["job"]) for m in fixtures["catalog"]["metrics"] if m["name"] == name), "")


def _resets(story: Story, job: str, deployed: str | None = None) -> tuple[int, ...]:
    plan = story.plan
    if deployed is not None and job != deployed:
        return ()
    slots = (plan.slot_of(at) - plan.slots_before_metrics for at in plan.deploys_ms)
    return tuple(slot for slot in slots if slot > 0)


def _target(labels: Labels, job: str, instances: Mapping[str, str]) -> Labels:
    return tuple(sorted((*labels, ("instance", instances.get(job, job)), ("job", job))))


def blocks_request(story: Story, series: tuple[MetricSeries, ...]) -> Iterator[str]:
    """What the block writer (`toolchain/go/blockwriter`) is given: one JSON a line, the times, then each series.

    It exposes `MetricSeries.value` at every scrape; a self-test holds the two to each other, by way of Prometheus.
    """
    plan = story.plan
    times = {
        "begins_ms": plan.metrics_begin_ms,
        "step_ms": STEP_MS,
        "steps_per_slot": plan.slot_ms // STEP_MS,
        "slots": len(plan.weights) - plan.slots_before_metrics,
        "digits": DIGITS,
    }
    yield json.dumps(times) + "\n"
    for one in series:
        labels = dict((*one.labels, ("__name__", one.name)))
        written = {"labels": labels, "counts": one.counts, "per_slot": one.per_slot, "resets": one.resets}
        yield orjson.dumps(written).decode() + "\n"
