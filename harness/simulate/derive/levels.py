"""What a series does while nothing changes, and what an expression over such series is worth then."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.languages.promql import Aggregate, Binary, Call, Negative, Node, Selector, Subquery
from harness.simulate.derive.universe import Universe, arithmetic, constant
from harness.simulate.segments import Key


class Course(enum.Enum):
    """How a series goes on."""

    VALUE = "stays at"
    RATE = "counts, per second"
    SLOPE = "changes, per second"
    AGE = "is a moment that stays this many seconds ago"
    STEPS = "takes a new value, times in the window"


@dataclass(frozen=True, slots=True)
class Level:
    """A series' course. `start` is where one that changes begins, `window` what its steps are counted in (seconds)."""

    course: Course
    value: float
    start: float = 0.0
    window: float = 0.0


Levels = Mapping[Key, Level | None]
"""Each series' course; None: it is not there."""

RATES = ("rate", "irate")
OVER_TIME = ("avg_over_time", "min_over_time", "max_over_time", "last_over_time", "quantile_over_time")
SAME = ("label_replace", "label_join", "sort", "sort_desc", "scalar", "abs", "round", "floor", "ceil", "clamp_min",
        "clamp_max", "clamp")  # fmt: skip
"""Functions that hand on what they are given, as far as a threshold in their range is concerned."""

LARGEST = ("sum", "count", "max", "group")


def worth(node: Node, universe: Universe, levels: Levels) -> float | None:
    """The value of an expression in steady state, None when it is not determined (yet)."""
    match node:
        case Selector():
            return _combined("one", [_value(levels.get(key)) for key in universe.of(node)])
        case Negative(inner=inner):
            value = worth(inner, universe, levels)
            return None if value is None else -value
        case Subquery(inner=inner):
            return worth(inner, universe, levels)
        case Aggregate(operator=operator, inner=inner):
            return _aggregated(operator, inner, universe, levels)
        case Call(function=function, arguments=arguments):
            if counted(node):
                return _aggregated("one", node, universe, levels)
            if function in (*SAME, *OVER_TIME):
                return worth(arguments[-1] if function == "quantile_over_time" else arguments[0], universe, levels)
            return constant(node)
        case Binary(operator=operator, left=left, right=right):
            one, other = worth(left, universe, levels), worth(right, universe, levels)
            return None if one is None or other is None else arithmetic(operator, one, other)
        case _:
            return constant(node)


def _aggregated(operator: str, inner: Node, universe: Universe, levels: Levels) -> float | None:
    if source := counted(inner):
        selector, factor = source
        total = _combined(operator, [_rate(levels.get(key)) for key in universe.of(selector)])
        return None if total is None else total * factor
    if isinstance(inner, Selector):
        return _combined(operator, [_value(levels.get(key)) for key in universe.of(inner)])
    return worth(inner, universe, levels)


def counted(node: Node) -> tuple[Selector, float] | None:
    """The counter behind `rate`, `irate` or `increase`, and by what the result is its rate per second times."""
    if isinstance(node, Call) and node.arguments and isinstance(node.arguments[0], Selector):
        selector = node.arguments[0]
        if node.function in RATES:
            return selector, 1.0
        if node.function == "increase":
            return selector, selector.range_seconds or 1.0
    return None


def _value(level: Level | None) -> float | None:
    return level.value if level and level.course is Course.VALUE else None


def _rate(level: Level | None) -> float | None:
    return level.value if level and level.course is Course.RATE else None


def _combined(operator: str, values: list[float | None]) -> float | None:
    """What an aggregation makes of the values; `one` is the value that all have, or that of the only one."""
    known = [value for value in values if value is not None]
    if len(known) != len(values) or not known:
        return None
    match operator:
        case "sum":
            return math.fsum(known)
        case "max" | "topk":
            return max(known)
        case "min" | "bottomk":
            return min(known)
        case "avg":
            return math.fsum(known) / len(known)
        case "count":
            return float(len(known))
        case _:
            return known[0] if len(set(known)) == 1 else None
