"""One deployment under one scenario: Prometheus with a backfilled past, its targets, and the incident going on live.

The rules run unmodified. An alert with `for: 10m` fires within seconds of going live because its past is there: the
series that made it pending, and Prometheus's own record of since when (`ALERTS_FOR_STATE`), which it restores.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from harness import wait
from harness.contracts import ContainerPlan, Http, Instance, Launcher, Plan, Recorder
from harness.documents.rules import Alert
from harness.errors import StackError
from harness.generators import metrics
from harness.generators.metrics import Timeline, World
from harness.generators.notation import Labels
from harness.generators.player import Leak, Player
from harness.generators.scenario import Scenario
from harness.model import Level
from harness.services import prometheus
from harness.services.room import Room

PROMTOOL_SECONDS = 120.0
PREPARATION_SECONDS = 12.0
"""How long making the past may take, so that every lane goes live at the same moment."""

SETTLED_SECONDS = 60.0
"""How long before going live an alert that is to fire at once has been pending beyond its `for`."""

RESTORED_AFTER_SECONDS = 15.0
"""Prometheus 3.11 restores `for` at a group's second evaluation, at the earliest so long after going live, and counts
the time between the last recorded state and that evaluation as not pending."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The binaries a lane runs."""

    prometheus: Path
    promtool: Path


class Lane:
    """A Prometheus under a scenario. `prepare` makes its past, `go_live` starts it, `stop` ends it."""

    def __init__(
        self, name: str, scenario: Scenario, world: World, alerts: Sequence[Alert], scratch: Path, past_seconds: float
    ) -> None:
        self.name = name
        self.scenario = scenario
        self.alerts = alerts
        self.player: Player | None = None
        self.instance: Instance | None = None
        self.live_at = 0.0
        self._world = world
        self._scratch = scratch
        self._past_seconds = max(past_seconds, scenario.begins_seconds + 1800)
        self._timeline: Timeline | None = None
        scratch.mkdir(parents=True, exist_ok=True)

    @property
    def timeline(self) -> Timeline:
        """The lane's metrics as a function of time; fixed when its past is made."""
        if self._timeline is None:
            raise StackError(f"{self.name} has no past yet")
        return self._timeline

    def turned(self, metrics: Collection[str], *, before: float, within_seconds: float) -> float | None:
        """When the scenario last changed one of these gauges, at most so long before a moment; None for counters.

        A counter crosses nothing when it turns: what is made of it crosses later, and nobody can say when.
        """
        timeline = self.timeline
        gauges = set(metrics) - timeline.world.counters
        moments = (timeline.incident + at for at in self.scenario.changes(gauges))
        return max((at for at in moments if before - within_seconds <= at <= before), default=None)

    def open_targets(
        self,
        jobs: Sequence[str],
        upstreams: Mapping[str, str],
        host: str = "127.0.0.1",
        leak: Leak | None = None,
    ) -> dict[str, str]:
        """Bind a target per job and return job → `host:port`; they answer once the past is made."""
        self.player = Player(lambda: self.timeline, upstreams, tuple(jobs), host, leak)
        return dict(self.player.addresses)

    def shows_itself(self, job: str, upstream: str) -> None:
        """From now on the target of a job passes on what the server itself exposes at `upstream`; it was played."""
        if job in self._player().targets:
            self._player().targets[job].upstream = upstream

    def prepare(
        self, room: Room, programs: Programs, launcher: Launcher, port: int, recorder: Recorder, live_at: float
    ) -> None:
        """Fill the past: series up to now, then the pending states that a run of that length would have left.

        `live_at` is when the lane is meant to go live (Unix seconds): the moment the scenario counts from.
        """
        now = time.time()
        self.live_at = live_at
        self._timeline = Timeline(
            self._world, self.scenario, now - self._past_seconds, live_at - self.scenario.begins_seconds
        )
        player = self._player()
        data = prometheus.data_folder(room)
        past = metrics.openmetrics(self._timeline, player.addresses, now)
        self._blocks(programs.promtool, launcher, data, past)
        pending = self._pending(programs, launcher, data, port, now, recorder)
        self._blocks(programs.promtool, launcher, data, [*pending, "# EOF\n"])

    def go_live(self, launch: Callable[[Any], Instance], plan: Plan | ContainerPlan) -> None:
        """Answer scrapes, start Prometheus on the past when its time has come, and wait until it is ready."""
        self._player().start()
        wait.pause(self.live_at - time.time())
        self.instance = launch(plan)

    def stop(self) -> None:
        """Stop Prometheus and the targets; idempotent."""
        if self.instance:
            self.instance.stop()
        if self.player:
            self.player.stop()

    def _player(self) -> Player:
        if self.player is None:
            raise StackError(f"{self.name} has no targets yet")
        return self.player

    def _blocks(self, promtool: Path, launcher: Launcher, data: Path, lines: Iterable[str]) -> None:
        """Make blocks of samples; without `--max-block-duration` promtool 3.11 makes one every two hours, far
        slower."""
        source = self._scratch / "past.om"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        command = ("tsdb", "create-blocks-from", "--max-block-duration=15d", "openmetrics", str(source), str(data))
        launcher.run((str(promtool), *command), PROMTOOL_SECONDS)
        source.unlink()

    def _pending(
        self, programs: Programs, launcher: Launcher, data: Path, port: int, now: float, recorder: Recorder
    ) -> list[str]:
        """The pending alerts at `now`, asked of a Prometheus that has the past but neither rules nor targets."""
        empty = self._scratch / "empty.yml"
        empty.write_text("{}\n", encoding="utf-8")
        plan = Plan(
            name=f"{self.name}-past",
            service=prometheus.SERVICE,
            argv=(
                str(programs.prometheus),
                f"--config.file={empty}",
                f"--storage.tsdb.path={data}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--storage.tsdb.retention.time=10y",
            ),
            ready=Http("/-/ready"),
            level=Level.NATIVE,
            port=port,
            folder=self._scratch,
        )
        asked = launcher.launch(plan)
        try:
            lines: list[str] = []
            for alert in self.alerts:
                if alert.name in self.scenario.fires:
                    found = _instances(asked.url, alert, now)
                    fires = self.scenario.fires[alert.name]
                    recorder.record(
                        "expectation",
                        alert.name,
                        {"lane": self.name, "fires": fires, "muted": False, "true_in_the_past": len(found)},
                    )
                    down = self.live_at - now + RESTORED_AFTER_SECONDS
                    at = self.live_at + fires
                    lines.extend(_pending_since(alert, labels, at, now, down) for labels in found)
            return lines
        finally:
            asked.stop()


def _instances(url: str, alert: Alert, at: float) -> list[Labels]:
    """The label sets for which the alert's expression holds at a moment; none when it cannot be evaluated."""
    answer = requests.get(f"{url}/api/v1/query", params={"query": alert.expr, "time": f"{at:.3f}"}, timeout=30)
    body = json.loads(answer.text)
    if body.get("status") != "success" or body["data"]["resultType"] != "vector":
        return []
    return [
        tuple(sorted((name, value) for name, value in result["metric"].items() if name != "__name__"))
        for result in body["data"]["result"]
    ]


def _pending_since(alert: Alert, labels: Labels, fires_at: float, now: float, down_seconds: float) -> str:
    """What Prometheus records while an alert is pending: since when, such that its `for` ends at `fires_at`.

    `down_seconds` is how long it will not be evaluated; Prometheus adds that time to the `for`.
    """
    since = min(now, fires_at) - (alert.duration or 0.0) - SETTLED_SECONDS
    if fires_at > now + PREPARATION_SECONDS + 1:
        since = fires_at - (alert.duration or 0.0) - down_seconds
    own = {**dict(labels), **alert.labels, "alertname": alert.name}
    return f"{metrics.sample_name('ALERTS_FOR_STATE', sorted(own.items()))} {int(since)} {now:.3f}\n"
