"""Derived scenarios put to further use: an alert that goes on for days, and one that is to mute another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.simulate.derive.derivation import Derived
from harness.simulate.derive.levels import Level
from harness.simulate.derive.phases import Phase, staged
from harness.simulate.engine import BEGINS
from harness.simulate.segments import Key
from harness.simulate.staged import Staged

QUIET_SECONDS = 900.0
GRID_SECONDS = 60.0


def held_on(derived: Derived, lasts: float, begins_at: float) -> tuple[Staged, float]:
    """An alert's condition kept up for `lasts` seconds, and the whole length; `begins_at` is a Unix time."""
    quiet, active = _grid(QUIET_SECONDS), _grid(lasts)
    course = (
        Phase("", 0.0, quiet, derived.quiet),
        Phase("on", quiet, quiet + active, derived.active),
        Phase("off", quiet + active, quiet + active + quiet, derived.quiet),
    )
    return staged(derived.alert.name, course, derived.keys, begins_at), course[-1].ends


@dataclass(frozen=True, slots=True)
class Pair:
    """A source of an inhibition rule and one of its targets, and when the source ceases while the target goes on."""

    staged: Staged
    source_ends: float
    ends: float


def pair(source: Derived, target: Derived, begins: tuple[float, float], onset: float, afterwards: float) -> Pair:
    """Source and target, the later of which `begins` so many seconds after the other, then the target alone.

    Where both look at the same series, the source decides what it does for as long as it lasts.
    """
    first, second = (_grid(seconds, 15.0) for seconds in begins)
    keys = tuple(dict.fromkeys((*target.keys, *source.keys)))
    before: Mapping[Key, Level | None] = {**target.quiet, **source.quiet}
    both: Mapping[Key, Level | None] = {**target.active, **source.active}
    alone: Mapping[Key, Level | None] = {**source.quiet, **target.active}
    quiet, on, off = _grid(QUIET_SECONDS), _grid(onset), _grid(afterwards)
    one: Mapping[Key, Level | None] = {**before, **(source.active if first < second else target.active)}
    plan = [("", quiet, before), ("one", abs(first - second), one), ("both", on, both), ("alone", off, alone)]
    course: list[Phase] = []
    at = 0.0
    for case, lasts, levels in plan:
        if lasts:
            course.append(Phase(case, at, at + lasts, levels))
        at += lasts
    title = f"{source.alert.name} and {target.alert.name}"
    return Pair(staged(title, course, keys, BEGINS.timestamp()), at - off, at)


def _grid(seconds: float, grid: float = GRID_SECONDS) -> float:
    return float(-(-seconds // grid) * grid)
