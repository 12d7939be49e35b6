"""Gathers, from a running stack, what its panels must agree with: the lane's timeline, the lines written, the alerts
held."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from harness import wait
from harness.dashboards.facts import Facts, Hole, holes
from harness.generators.ground import TimelineGround
from harness.generators.panel_log_truth import WrittenLines
from harness.generators.panel_truth import SCRAPE_SECONDS
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_sources import Sources

LOGS_TRUTH = "logs-truth"
ATTEMPTS = 4
"""How often a look is repeated when an alert changed its state while it was taken."""

OVERDUE_SECONDS = 3.0
"""How long a scrape that is overdue is given before the next attempt."""

T = TypeVar("T")


class Stack(Protocol):
    """What this needs of the running stack."""

    fixtures: Mapping[str, Any]
    lanes: dict[str, Any]

    def url(self, name: str) -> str:
        """Where an instance answers."""
        ...

    def recall(self, key: str) -> Any:
        """What an earlier suite remembered; None when it did not run."""
        ...


DURATION = "scrape_duration_seconds"
LATE_SECONDS = 0.3
"""A sample bears the time at which its scrape began, and holds what was true when the target answered. On a busy
machine that is later: by so much, and a rate over a minute is off by nearly the tolerance of one in a hundred."""


class Live:
    """The facts of a running stack, asked for when they are needed."""

    def __init__(self, stack: Stack, sources: Sources) -> None:
        self._prometheus = Connection(stack.url("prometheus"))
        self._sources = sources
        lane = stack.lanes.get(str(stack.fixtures["deployment"]["lanes"]["dashboards"]))
        self._ground = None
        if lane is not None:
            instances = dict(lane.player.addresses)
            self._ground = TimelineGround(lane.timeline, instances)
        self._scrapes: dict[str, list[float]] = {}
        self._late: set[float] = set()
        self._scraped_until = 0.0
        truth = stack.recall(LOGS_TRUTH)
        self._lines = WrittenLines(truth) if truth is not None else None

    def unchanged(self, look: Callable[[float], T]) -> tuple[Facts, T]:
        """A look at a moment (Unix seconds) around which no alert changed its state and no scrape was overdue, if there
        is such a moment."""
        for attempt in range(ATTEMPTS):
            before, now = self._alerts(), time.time()
            seen = look(now)
            facts = Facts(self._ground, self._lines, before, self._holes(now))
            if (before == self._alerts() and not facts.stale) or attempt == ATTEMPTS - 1:
                break
            if facts.stale:
                wait.pause(OVERDUE_SECONDS)
        return facts, seen

    def calibrate(self) -> float | None:
        """How long the cheapest query takes, in seconds; None when it fails."""
        begun = time.perf_counter()
        try:
            self._prometheus.post_form("/api/v1/query", {"query": "1"})
        except RefusedError:
            return None
        return time.perf_counter() - begun

    def _alerts(self) -> list[dict[str, str]]:
        """What the rule manager holds, as its own API tells: the labels, with the state as `alertstate`."""
        try:
            held = self._prometheus.get("/api/v1/alerts", {})["data"]["alerts"]
        except RefusedError:
            return []
        return sorted(
            ({**one["labels"], "alertstate": one["state"]} for one in held), key=lambda one: sorted(one.items())
        )

    def _holes(self, now: float) -> tuple[Hole, ...]:
        """When a target was not scraped, or answered late, since the first sample."""
        if self._ground is None:
            return ()
        since = self._scraped_until or self._ground.begins
        reach = round(now - since) + 60
        try:
            asked = f'{{__name__=~"up|{DURATION}"}}[{reach}s]'
            found = self._prometheus.post_form("/api/v1/query", {"query": asked, "time": f"{now:.3f}"})
        except RefusedError:
            return ()
        for series in found["data"]["result"]:
            values = [(at, float(value)) for at, value in series["values"]]
            if series["metric"].get("__name__") == DURATION:
                self._late.update(at for at, seconds in values if seconds > LATE_SECONDS)
                continue
            moments = self._scrapes.setdefault(str(series["metric"].get("job")), [])
            newest = moments[-1] if moments else 0.0
            moments.extend(at for at, _ in values if at > newest)
        self._scraped_until = now
        return (*holes(self._scrapes.values(), now), *(Hole(at - SCRAPE_SECONDS, at) for at in sorted(self._late)))
