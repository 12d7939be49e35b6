"""What is played on the virtual clock, beside the live suites: every alert as derived from its own expression, every
scenario, alerts that go on over a weekend, what each inhibition rule mutes, and a stretch of incidents.

Nothing is judged here. It takes the processor for half a minute, so it gives way to whatever runs beside it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from harness.contracts import Recorder
from harness.documents.alertmanager import Alertmanager, Route
from harness.generators.metrics import read_world
from harness.generators.scenario import Scenario, read
from harness.model import Level
from harness.settings import read_yaml
from harness.simulate import Incident, Timeline
from harness.simulate.derive import Derived, Rehearsed, rehearse
from harness.simulate.derive.combined import Pair, held_on
from harness.simulate.engine import BEGINS, play
from harness.simulate.inhibiting import Play, plays, reach
from harness.simulate.recording import messages, plain
from harness.simulate.staged import Staged, stage
from harness.simulate.stretch import DAY, Kind, read_kinds, stretch
from harness.stack import Stack

BACKGROUND = True
EXTRAS = ("virtualclock",)
CLOCK = "virtualclock"

WORKERS = 2
GIVING_WAY = ("nice", "-n", "15")
"""The live suites measure latencies on the same two cores."""

SETTLED_SECONDS = 45.0
"""How long a scenario goes on after its last alert is due: as long as the live stack needs to restore `for`."""

AFTERWARDS_SECONDS = 5400.0
"""How long is played after an incident is over, until everything it muted or fired has settled."""

MONTH_DAYS = 30.0
WEEKEND_BEGINS = datetime(2026, 3, 27, 20, 0, tzinfo=UTC)
"""A Friday evening; in the night to Sunday, European clocks are put forward."""

WEEKEND_SECONDS = 60 * 3600.0


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Play everything and record what came of it."""
    began = time.monotonic()
    program = stack.extra(CLOCK)
    stack.levels[CLOCK] = Level.ENGINE
    level = {"service": CLOCK, "seconds": round(time.monotonic() - began, 3), "level": Level.ENGINE.label}
    recorder.record("boot", CLOCK, level)
    began = time.monotonic()
    scene = Scene(stack, recorder, program)
    rehearsed = every_alert(scene)
    derived = [result.derived for result in rehearsed]
    jobs = [
        *every_scenario(scene),
        *every_weekend(scene, derived),
        *every_pair(scene, rehearsed),
        *every_stretch(scene),
    ]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="simulation") as pool:
        for number, future in enumerate([pool.submit(job) for job in jobs], start=1):
            future.result()
            stack.progress("incidents in virtual time", number, len(jobs), phase="simulation")
    recorder.record("simulated", "all", {"seconds": round(time.monotonic() - began, 3)})


@dataclass(frozen=True)
class Scene:
    """What every play shares."""

    stack: Stack
    recorder: Recorder
    program: Path

    def run(self, argv: tuple[str, ...], deadline_seconds: float) -> str:
        """The virtual clock as a process of the run, which the ledger knows."""
        return self.stack.launcher.run((*GIVING_WAY, *argv), deadline_seconds)

    def play(self, staged: Staged, lasts: float, **given: Any) -> Timeline:
        """One play, in a folder of its own."""
        with tempfile.TemporaryDirectory(prefix="play-", dir=self.stack.workspace.scratch) as folder:
            return play(
                self.stack.configuration, staged, variables=self.stack.fixtures["deployment"]["variables"],
                program=self.program, workspace=Path(folder), duration_seconds=lasts, run=self.run, **given,
            )  # fmt: skip

    def scenarios(self) -> Iterator[Scenario]:
        """Every scenario of the project."""
        folder = self.stack.fixtures_folder / "scenarios"
        for path in sorted(folder.glob("*.yml")):
            yield read(path.stem, read_yaml(path), f"fixtures/scenarios/{path.name}")

    def stage(self, incidents: Sequence[Incident]) -> Staged:
        """Incidents laid over the healthy world."""
        fixtures = self.stack.fixtures
        return stage(read_world(fixtures["world"], fixtures["catalog"]), incidents)


def every_alert(scene: Scene, only: Sequence[str] = ()) -> list[Rehearsed]:
    """Every alert in a world of its own."""
    stack = scene.stack
    found: list[Rehearsed] = []
    for result in rehearse(
        stack.configuration, stack.fixtures, scene.program, run=scene.run, workers=WORKERS, only=only,
        workspace=stack.workspace.scratch,
        on_done=lambda alert: stack.progress(f"{alert}, from its own expression", phase="simulation"),
    ):  # fmt: skip
        if isinstance(result, Rehearsed):
            found.append(result)
            scene.recorder.record("derived", result.derived.alert.name, rehearsed_data(result))
        else:
            at = result.position
            data = {"reason": result.reason, "file": at.file, "line": at.line, "column": at.column}
            scene.recorder.record("underivable", result.alert.name, data)
    return found


def rehearsed_data(result: Rehearsed) -> Mapping[str, Any]:
    derived = result.derived
    told = [n for n in result.timeline.notifications if derived.alert.name in n.names]
    labels = next((dict(t.labels) for n in told for t in n.alerts if t.alert == derived.alert.name), {})
    return {
        "branch": derived.branch,
        "says": derived.says,
        "always": derived.always,
        "held_seconds": derived.held_seconds,
        "labels": labels,
        "cases": [outcome.plain() for outcome in result.outcomes],
        "wall_seconds": round(result.timeline.wall_seconds, 3),
    }


Job = Callable[[], None]


def every_scenario(scene: Scene) -> Iterator[Job]:
    storm = scene.stack.fixtures["deployment"]["lanes"]["storm"]
    for scenario in scene.scenarios():
        yield partial(one_scenario, scene, scenario, True)
        if scenario.name == storm:
            yield partial(one_scenario, scene, scenario, False)


def one_scenario(scene: Scene, scenario: Scenario, inhibiting: bool) -> None:
    """From the incident's beginning until a little after its last alert is due, and then its end and what follows."""
    lasts = scenario.begins_seconds + max(scenario.fires.values(), default=0.0) + SETTLED_SECONDS
    whole = lasts + AFTERWARDS_SECONDS
    timeline = scene.play(scene.stage([Incident(scenario, 0.0, lasts)]), whole, inhibiting=inhibiting)
    data = {
        **plain(timeline),
        "name": scenario.name,
        "live_at": scenario.begins_seconds,
        "ends": lasts,
        "expected": dict(scenario.fires),
        "muted_expected": sorted(scenario.muted),
        "inhibiting": inhibiting,
    }
    scene.recorder.record("virtual", scenario.name, data)


def every_weekend(scene: Scene, derived: Sequence[Derived]) -> Iterator[Job]:
    """For every route that takes an alert: one of its alerts, from Friday evening on."""
    for config in scene.stack.configuration.of(Alertmanager):
        taken: dict[int, tuple[Route, Derived]] = {}
        for each in derived:
            labels = {**each.alert.labels, "alertname": each.alert.name}
            for route in () if each.always else config.destinations(labels):
                taken.setdefault(route.at().line, (route, each))
        for route, each in taken.values():
            yield partial(one_weekend, scene, route, each)


def one_weekend(scene: Scene, route: Route, derived: Derived) -> None:
    lasts = min(max(WEEKEND_SECONDS, 2.5 * (route.repeat_interval or 0.0)), 7 * DAY)
    staged, ends = held_on(derived, lasts, WEEKEND_BEGINS.timestamp())
    timeline = scene.play(staged, ends, begins=WEEKEND_BEGINS)
    name = derived.alert.name
    told = [n for n in timeline.notifications if name in n.names]
    fired = [t.at for t in timeline.transitions if t.alert == name and t.state == "firing"]
    over = [t.at for t in timeline.transitions if t.alert == name and t.state == "resolved"]
    data = {
        "alert": name,
        "severity": derived.alert.severity,
        "receiver": route.receiver,
        "begins": timeline.begins.isoformat(),
        "lasts": lasts,
        "fired_at": min(fired, default=None),
        "over_at": max(over, default=None),
        "messages": messages(told),
        "muted": [[m.since, m.until, m.by, list(m.sources)] for m in timeline.mutes if m.alert == name],
        "file": route.at().file,
        "line": route.at().line,
        "wall_seconds": round(timeline.wall_seconds, 3),
    }
    scene.recorder.record("weekend", name, data)


def every_pair(scene: Scene, rehearsed: Sequence[Rehearsed]) -> Iterator[Job]:
    for number, rule, targets in reach(scene.stack.configuration, scene.stack.fixtures):
        at = rule.at()
        scene.recorder.record("reach", f"rule {number}", {"targets": targets, "file": at.file, "line": at.line})
    for tries in plays(scene.stack.configuration, scene.stack.fixtures, rehearsed):
        yield partial(one_pair, scene, tries)


def one_pair(scene: Scene, tries: Sequence[Play]) -> None:
    """The first of the pairs that shows what the rule does; the last one if none does."""
    for number, one in enumerate(tries, start=1):
        pair = one.pair()
        timeline = scene.play(pair.staged, pair.ends)
        if one.shows(timeline) or number == len(tries):
            scene.recorder.record("inhibition", f"rule {one.number}", paired_data(one, pair, timeline))
            return


def paired_data(one: Play, pair: Pair, timeline: Timeline) -> Mapping[str, Any]:
    source, target = one.source.derived.alert.name, one.target.derived.alert.name
    fired = {t.alert: t.at for t in reversed(timeline.transitions) if t.state == "firing"}
    return {
        "rule": one.number,
        "source": source,
        "target": target,
        "to_be_muted": one.muted,
        "source_fired_at": fired.get(source),
        "target_fired_at": fired.get(target),
        "source_ends": pair.source_ends,
        "source_over_at": max(
            (t.at for t in timeline.transitions if t.alert == source and t.state == "resolved"), default=None
        ),
        "source_told_at": [n.at for n in timeline.told(source)][:1],
        "target_told_at": [round(n.at, 3) for n in timeline.told(target)],
        "muted": [[m.since, m.until, m.by, list(m.sources)] for m in timeline.mutes if m.alert == target],
        "wall_seconds": round(timeline.wall_seconds, 3),
    }


def every_stretch(scene: Scene) -> Iterator[Job]:
    """The same incidents with and without `inhibit_rules`: a day, and for a sign-off a month."""
    month = scene.stack.fixtures.get("month") or {}
    kinds = read_kinds(month, {scenario.name: scenario for scenario in scene.scenarios()})
    for inhibiting in (True, False):
        if kinds:
            yield partial(one_stretch, scene, kinds, 1.0, 4, inhibiting)
        if kinds and scene.stack.thorough:
            yield partial(one_stretch, scene, kinds, float(month.get("days", MONTH_DAYS)), 2, inhibiting)


def one_stretch(scene: Scene, kinds: Sequence[Kind], days: float, per_day: int, inhibiting: bool) -> None:
    incidents = stretch(kinds, days, scene.stack.seed, per_day)
    timeline = scene.play(scene.stage(incidents), days * DAY, begins=BEGINS, inhibiting=inhibiting)
    per_channel: dict[str, int] = {}
    for n in timeline.notifications:
        per_channel[n.channel] = per_channel.get(n.channel, 0) + 1
    told = {(t.alert, round(t.starts_at), n.channel) for n in timeline.notifications for t in n.alerts if not n.error}
    data = {
        "days": days,
        "seed": scene.stack.seed,
        "inhibiting": inhibiting,
        "incidents": [[i.scenario.name, i.at, i.lasts] for i in incidents],
        "per_channel": dict(sorted(per_channel.items())),
        "fired": [[round(t.at), t.alert] for t in timeline.transitions if t.state == "firing"],
        "told": sorted(map(list, told)),
        "wall_seconds": round(timeline.wall_seconds, 3),
    }
    scene.recorder.record("stretch", f"{days:g} d", data)
