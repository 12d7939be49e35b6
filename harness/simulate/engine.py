"""One simulation: write the request, run the virtual clock, read what happened."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.documents.configuration import Configuration
from harness.documents.prometheus import Prometheus
from harness.errors import StackError, UsageError
from harness.generators.metrics import World
from harness.generators.scenario import Scenario
from harness.simulate import deployed
from harness.simulate.events import Event, EventKind
from harness.simulate.reading import read_timeline
from harness.simulate.segments import Incident
from harness.simulate.staged import Staged, instances, stage
from harness.simulate.values import Timeline
from harness.toolchain import Toolchain

COMPONENT = "virtualclock"
LEAD_SECONDS = 600.0
"""How long everything runs in health before the first incident, so that what always fires is told of."""

BEGINS = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When an incident begins if nobody says: a Monday morning, so that a week has one weekend at its end."""

DEADLINE_SECONDS = 600.0

Runner = Callable[[tuple[str, ...], float], str]
"""Runs a program to its end, within a deadline in seconds, and returns what it wrote; raises StackError."""


def simulate(
    configuration: Configuration,
    incidents: Scenario | Sequence[Incident],
    *,
    world: World,
    variables: Mapping[str, Any],
    toolchain: Toolchain,
    workspace: Path,
    duration_seconds: float,
    events: Iterable[Event] = (),
    begins: datetime = BEGINS,
    skip: bool = True,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Timeline:
    """What would happen from shortly before the first incident until `duration_seconds` after its beginning.

    `variables` are those of the compose file (`fixtures/deployment.yml`). `workspace` is an empty folder; it stays.
    With `skip=False` nothing is left out while nothing changes: the result is the same, later. Raises StackError, with
    the product's own words, when the configuration cannot be run.
    """
    given = [Incident(incidents)] if isinstance(incidents, Scenario) else list(incidents)
    happening = tuple(events)
    return play(
        configuration, stage(world, given, happening), variables=variables, program=toolchain.binary(COMPONENT),
        workspace=workspace, duration_seconds=duration_seconds, events=happening, begins=begins, skip=skip,
        deadline_seconds=deadline_seconds,
    )  # fmt: skip


def play(
    configuration: Configuration,
    staged: Staged,
    *,
    variables: Mapping[str, Any],
    program: Path,
    workspace: Path,
    duration_seconds: float,
    events: Iterable[Event] = (),
    begins: datetime = BEGINS,
    skip: bool = True,
    inhibiting: bool = True,
    run: Runner | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Timeline:
    """As `simulate`, of series that are given; `inhibiting=False` takes Alertmanager's `inhibit_rules` out."""
    if duration_seconds <= 0:
        raise UsageError("nothing to simulate: no time")
    workspace.mkdir(parents=True, exist_ok=True)
    happening = tuple(events)
    deployment = deployed.deployment(configuration, variables)
    prometheus, document = deployed.prometheus_request(deployment, workspace)
    request = {
        "start": begins.timestamp() - LEAD_SECONDS,
        "duration": duration_seconds + LEAD_SECONDS,
        "prometheus": prometheus,
        "alertmanager": deployed.alertmanager_request(deployment, workspace, inhibiting=inhibiting),
        "targets": _targets(document, staged, happening),
        "events": [_event(event) for event in happening if event.kind not in (EventKind.GAP, EventKind.DOWN)],
    }
    file = workspace / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    began = time.monotonic()
    argv = (str(program), f"-input={file}", *(() if skip else ("-no-skip",)))
    lines = (run or _run)(argv, deadline_seconds).splitlines()
    return read_timeline(
        lines, title=staged.title, begins=begins, lead_seconds=LEAD_SECONDS, duration_seconds=duration_seconds,
        wall_seconds=time.monotonic() - began,
    )  # fmt: skip


def _run(argv: tuple[str, ...], deadline_seconds: float) -> str:
    try:
        done = subprocess.run(
            argv, env={**os.environ, "TMPDIR": str(Path(argv[1].partition("=")[2]).parent)},
            capture_output=True, text=True, timeout=deadline_seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise StackError(
            f"the virtual clock was not through after {deadline_seconds:g} s", hint="Simulate fewer days."
        ) from error
    if done.returncode != 0:
        raise StackError(
            "Prometheus or Alertmanager cannot run this configuration on the virtual clock",
            hint=done.stderr.strip()[-1200:] or f"exit status {done.returncode}",
        )
    return done.stdout


def _targets(document: Prometheus, staged: Staged, events: Iterable[Event]) -> list[dict[str, Any]]:
    """Every scrape job's target, with what it exposes and when it cannot be scraped."""
    exposed: dict[str, list[dict[str, Any]]] = {job.name: [] for job in document.jobs}
    for event in events:
        if event.kind in (EventKind.DOWN, EventKind.GAP) and event.name not in exposed:
            raise UsageError(
                f"an event is about the job {event.name!r}, which is not scraped",
                hint=f"There are: {', '.join(exposed)}",
            )
    for (job, name, labels), course in staged.lines.items():
        if job in exposed:
            lines = [{**segment.plain(), "at": segment.at + LEAD_SECONDS} for segment in course]
            exposed[job].append({"labels": {"__name__": name, **dict(labels)}, "segments": lines})
    return [
        {
            "job": job.name,
            "instance": instances(document)[job.name],
            "down": _spans(staged.down.get(job.name, ())),
            "gaps": _spans(staged.gaps.get(job.name, ())),
            "series": exposed[job.name],
        }
        for job in document.jobs
    ]


def _spans(spans: Iterable[tuple[float, float]]) -> list[dict[str, float]]:
    """Spans as the virtual clock counts; JSON knows no infinity."""
    return [{"from": since + LEAD_SECONDS, "to": min(until + LEAD_SECONDS, 1e15)} for since, until in spans]


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": event.at + LEAD_SECONDS,
        "kind": event.kind.value,
        "for": event.lasts,
        "name": event.name,
        "matchers": list(event.matchers),
    }
