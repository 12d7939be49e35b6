"""The states of an alert's world: its series just short of the threshold, just past it, and not there at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.languages.promql import Call, Node, Subquery, selectors, walk
from harness.simulate.derive.conditions import Always, Compared, Condition, Conditions, There
from harness.simulate.derive.invert import Settings
from harness.simulate.derive.levels import Course, Levels, counted
from harness.simulate.derive.margins import MARGINS, past, short_of
from harness.simulate.derive.universe import NotInvertibleError, Universe

GUARD_SHARES = (0.5, 0.04)
"""How far past their thresholds the other conditions are, so that it is the first that decides. The second is tried
when the first leaves what is possible."""

HOLDING = ("max_over_time", "min_over_time", "count_over_time", "present_over_time", "changes", "resets")
"""Functions for which one event counts for as long as their window lasts."""

WHOLE = ("changes", "resets")

UNEVEN = ("irate", "idelta", "delta", "deriv", "predict_linear", "last_over_time", "quantile_over_time")
"""Functions that do not follow their series as evenly as a rate does, so that nobody can say how brief is brief."""


@dataclass(frozen=True, slots=True)
class States:
    """The courses of the series on either side. `says` is what the difference is, for a person.

    `memory` is how long a single event keeps the expression true (seconds), 0 when it follows its series at once.
    """

    quiet: Levels
    active: Levels
    gone: Levels
    says: str
    memory: float = 0.0
    about_absence: bool = False


def states(conditions: Conditions, universe: Universe, sharpness: float = 1.0) -> States:
    """Both sides of the first condition, with all the others fulfilled. Raises NotInvertibleError.

    `sharpness` is how far past the threshold the one side is, as a share of how far short of it the other is.
    """
    first, *others = conditions
    if isinstance(first, Always):
        raise NotInvertibleError("it does not depend on any series", first.offset)
    tries = [(share, guard) for guard in GUARD_SHARES for share in MARGINS]
    for share, guard in tries[:-1]:
        try:
            return _states(first, others, universe, (share * sharpness, share, guard))
        except NotInvertibleError:
            continue
    return _states(first, others, universe, (tries[-1][0] * sharpness, *tries[-1]))


def _states(
    first: Condition, others: list[Condition], universe: Universe, shares: tuple[float, float, float]
) -> States:
    beyond, short, guard = shares
    quiet, active = _settled(others, universe, guard), _settled(others, universe, guard)
    memory, about_absence = 0.0, False
    match first:
        case Compared(subject=subject, operator=operator, bound=given, offset=offset):
            bound = _bound(given, quiet)
            if _bound(given, active) != bound:
                raise NotInvertibleError("its threshold moves", offset)
            whole = any(isinstance(n, Call) and n.function in WHOLE for n in walk(subject))
            low = short_of(operator, bound, short, whole=whole)
            high = past(operator, bound, beyond, whole=whole)
            quiet.towards = active.towards = 1.0 if high > low else -1.0
            quiet.still = True
            quiet.assign(subject, low)
            active.assign(subject, high)
            says = f"{low:.4g}, then {high:.4g}, where {operator} {bound:.4g} is asked for"
            memory = _memory(subject, bound)
        case There(subject=subject, there=there):
            (active if there else quiet).there(subject)
            (quiet if there else active).missing(subject)
            about_absence, says = not there, "there, then missing" if not there else "missing, then there"
            memory = _memory(subject, 1.0)
        case _:
            raise NotInvertibleError("it does not depend on any series", first.offset)
    gone = dict.fromkeys(universe.series)
    return States(_complete(quiet, -1.0), _complete(active, 1.0), gone, says, memory, about_absence)


def _settled(conditions: list[Condition], universe: Universe, share: float) -> Settings:
    settings = Settings(universe)
    for condition in conditions:
        match condition:
            case Compared(subject=subject, operator=operator, bound=given):
                settings.assign(subject, past(operator, _bound(given, settings), share))
            case There(subject=subject, there=True):
                settings.there(subject)
            case There(subject=subject):
                settings.missing(subject)
            case Always(holds=False, offset=offset):
                raise NotInvertibleError("it can never be true", offset)
    return settings


def _bound(given: float | Node, settings: Settings) -> float:
    if isinstance(given, float | int):
        return float(given)
    settings.there(given)
    value = settings.value(given)
    if value is None:
        raise NotInvertibleError("its threshold is an expression that cannot be inverted", given.offset)
    return value


def _complete(settings: Settings, side: float) -> Levels:
    """Every series with its course; those that nothing decides are not there. Steps are at most so many or at least."""
    found = {key: settings.levels.get(key) for key in settings.universe.series}
    return {
        key: replace(level, start=side) if level and level.course is Course.STEPS else level
        for key, level in found.items()
    }


def _memory(subject: Node, bound: float) -> float:
    """How long one event keeps a comparison true: the window, when any event in it is enough; infinity if unknown."""
    if any(isinstance(n, Subquery) or (isinstance(n, Call) and n.function in UNEVEN) for n in walk(subject)):
        return math.inf
    windows = [0.0]
    for node in walk(subject):
        if isinstance(node, Call) and node.function in HOLDING:
            windows += [s.range_seconds or 0.0 for s in selectors(node)]
            windows += [n.range_seconds for n in walk(node) if isinstance(n, Subquery)]
        elif not bound and (source := counted(node)) and source[0].range_seconds:
            windows.append(source[0].range_seconds)
    return max(windows)


def reach(node: Node) -> float:
    """How far back an expression looks, in seconds."""
    back = 0.0
    for each in walk(node):
        if isinstance(each, Subquery):
            back += each.range_seconds
    return back + max((s.shift_seconds + (s.range_seconds or 0.0) for s in selectors(node)), default=0.0)
