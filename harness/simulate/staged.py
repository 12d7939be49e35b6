"""What the virtual clock plays: the course of every series, and when a job's target is down or not scraped at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.documents.prometheus import Prometheus
from harness.errors import UsageError
from harness.generators.metrics import World
from harness.simulate import segments
from harness.simulate.events import Event, EventKind
from harness.simulate.segments import Incident, Key, Segment

Spans = tuple[tuple[float, float], ...]
"""From when (inclusive) to when (exclusive), in seconds."""


@dataclass(frozen=True, slots=True)
class Staged:
    """Series by job, name and labels; what happens to the jobs' targets, by job."""

    title: str
    lines: Mapping[Key, Sequence[Segment]]
    down: Mapping[str, Spans] = field(default_factory=dict)
    gaps: Mapping[str, Spans] = field(default_factory=dict)


def stage(world: World, incidents: Sequence[Incident], events: Sequence[Event] = ()) -> Staged:
    """A world with incidents laid over it. Raises UsageError when there is none, UnreadableError when they overlap."""
    if not incidents:
        raise UsageError("nothing to simulate: no incident")
    title = "; ".join(dict.fromkeys(incident.scenario.title for incident in incidents))
    named = {dict(t.labels).get("job", "") for i in incidents for t in i.scenario.tracks if t.name == "up"}
    jobs = sorted({*named, *(event.name for event in events if event.kind is EventKind.DOWN)} - {""})
    down = {job: (*segments.down(incidents, job), *_of(events, EventKind.DOWN, job)) for job in jobs}
    unscraped = sorted({event.name for event in events if event.kind is EventKind.GAP})
    gaps = {job: _of(events, EventKind.GAP, job) for job in unscraped}
    return Staged(title, segments.lines(world, incidents), down, gaps)


def instances(document: Prometheus) -> Mapping[str, str]:
    """Each scrape job with the `instance` that its target has on the virtual clock."""
    return {job.name: job.targets[0].address if job.targets else job.name for job in document.jobs}


def _of(events: Sequence[Event], kind: EventKind, job: str) -> Spans:
    return tuple((event.at, event.at + event.lasts) for event in events if event.kind is kind and event.name == job)
