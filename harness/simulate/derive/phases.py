"""An alert's life on the virtual clock, phase by phase, and the courses of its series through all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.simulate.derive.levels import Course, Level, Levels
from harness.simulate.derive.states import States
from harness.simulate.segments import HISTORY_SECONDS, Key, Segment
from harness.simulate.staged import Spans, Staged

LOOKBACK_SECONDS = 300.0
"""For how long Prometheus uses a series' last sample when no newer one says that it is gone."""


@dataclass(frozen=True, slots=True)
class Times:
    """What decides how long a phase has to be, all in seconds.

    `reach` is how far back the expression looks, `held` the rule's `for`, `kept` its `keep_firing_for`, `interval` the
    longer of scrape and evaluation interval, `told` until a first notification, `retold` until the next of its group.
    """

    reach: float
    held: float
    kept: float
    interval: float
    told: float
    retold: float

    @property
    def settled(self) -> float:
        """Until the expression has forgotten what was before."""
        return self.reach + 2 * self.interval


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of an alert's life: which `case` it shows, and the courses of the series in it."""

    case: str
    at: float
    ends: float
    levels: Levels


def phases(states: States, barely: States, times: Times) -> tuple[Phase, ...]:
    """Below, above too briefly, missing, above for long enough, recovery, above again, and vanished while firing.

    `barely` are the states for the brief one, see `sharpness`.
    """
    plan: list[tuple[str, float, Levels]] = []
    quietly = times.settled + times.held + 4 * times.interval
    plan.append(("below", quietly, states.quiet))
    if brief(times, states.memory):
        lasts = times.reach if times.held < 2 * times.reach else times.held / 2
        plan.append(("brief", lasts, barely.active))
        plan.append(("brief", times.settled + 4 * times.interval, states.quiet))
    if not states.about_absence:
        plan.append(("missing", quietly + LOOKBACK_SECONDS, states.gone))
        plan.append(("", times.settled, states.quiet))
    plan.append(("fires", quietly + times.told, states.active))
    plan.append(("recovers", times.settled + times.kept + 6 * times.interval + times.retold, states.quiet))
    if not states.about_absence:
        plan.append(("", quietly, states.active))
        plan.append(("vanishes", times.settled + times.kept + LOOKBACK_SECONDS + 4 * times.interval, states.gone))
    made, at = [], 0.0
    for case, lasts, levels in plan:
        lasts = math.ceil(lasts / times.interval) * times.interval
        made.append(Phase(case, at, at + lasts, levels))
        at += lasts
    return tuple(made)


def brief(times: Times, memory: float) -> bool:
    """Whether the expression can be true for a shorter time than `for`, and long enough to be seen."""
    return times.held >= 4 * times.interval and memory + times.held / 2 + times.interval < times.held


def sharpness(times: Times) -> float:
    """How far past the threshold a brief excursion goes, as a share of how far short of it the quiet is.

    A rate over a window follows its counter at a slant. After a pulse as long as the window it has been up and is down
    again; how long it was past the threshold in between depends on how far past it the pulse went. This makes it half
    of `for`.
    """
    slant = min(0.5, times.held / (4 * times.reach)) if times.reach else 0.5
    return slant / (1 - slant)


def staged(title: str, course: Sequence[Phase], keys: Sequence[Key], begins_at: float) -> Staged:
    """The series of the phases. `begins_at` is the Unix time of the first phase's beginning."""
    lines = {key: tuple(_segments(key, course, begins_at)) for key in keys if key[1] != "up"}
    down: dict[str, Spans] = {}
    gaps: dict[str, Spans] = {}
    for key in keys:
        if key[1] == "up":
            down[key[0]] = _when(course, key, lambda level: level is not None and level.value < 1)
            gaps[key[0]] = _when(course, key, lambda level: level is None)
    return Staged(title, lines, down, gaps)


def _when(course: Sequence[Phase], key: Key, condition: Callable[[Level | None], bool]) -> Spans:
    return tuple((phase.at, phase.ends) for phase in course if condition(phase.levels.get(key)))


def _segments(key: Key, course: Sequence[Phase], begins_at: float) -> Iterator[Segment]:
    """A counter goes on from where it was; everything else takes its new course at once."""
    count = 0.0
    for index, phase in enumerate(course):
        level = phase.levels.get(key)
        at = phase.at if index else -HISTORY_SECONDS
        if level is None:
            yield Segment(at, None)
        elif level.course is Course.RATE:
            yield Segment(at, count, level.value)
            count += level.value * (phase.ends - at)
        elif level.course is Course.SLOPE:
            if not index:
                yield Segment(at, level.start)
            yield Segment(phase.at - (0.0 if index else 1800.0), level.start, level.value)
        elif level.course is Course.AGE:
            yield Segment(at, begins_at + at - level.value, 1.0)
        elif level.course is Course.STEPS:
            yield from _steps(level, at, phase.ends)
        else:
            yield Segment(at, level.value)


def _steps(level: Level, at: float, ends: float, grid: float = 15.0) -> Iterator[Segment]:
    """New values, as many in each window as the level says: at least that if active, at most that if quiet."""
    yield Segment(at, at + HISTORY_SECONDS)
    if level.value >= 1:
        apart = level.window / level.value
        every = math.floor(apart / grid) * grid - grid if level.start > 0 else math.ceil(apart / grid) * grid + grid
        moment = at + max(grid, every)
        while moment < ends:
            yield Segment(moment, moment + HISTORY_SECONDS)
            moment += max(grid, every)
