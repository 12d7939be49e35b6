"""What values an expression can take, and so whether it can yield anything at all.

Intervals only, and only what is certain: a finding made of this is a proof that the expression never yields a sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.languages.metrics import Metrics
from harness.languages.promql import (
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    Number,
    Selector,
    String,
    Subquery,
    selectors,
)
from harness.languages.promql_labels import scalar

_INF = math.inf
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_NEVER_NEGATIVE_UNITS = {
    "seconds", "bytes", "requests", "connections", "users", "descriptors", "alerts", "series", "load", "boolean",
    "timestamp", "alertmanagers",
}  # fmt: skip
_COUNTING = {
    "rate",
    "irate",
    "increase",
    "changes",
    "resets",
    "count_over_time",
    "stddev_over_time",
    "stdvar_over_time",
}
_SAME_RANGE = {
    "avg_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time", "quantile_over_time",
    "label_replace", "label_join", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "vector", "scalar",
}  # fmt: skip
_CALENDAR = {"minute": (0, 59), "hour": (0, 23), "day_of_week": (0, 6), "day_of_month": (1, 31), "month": (1, 12),
             "day_of_year": (1, 366), "days_in_month": (28, 31)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interval:
    """Every value between two bounds, each of which may be left out."""

    low: float = -_INF
    high: float = _INF
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """Whether no value fits."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def narrowed(self, op: str, bound: float) -> Interval:
        """The values that pass a comparison with a number."""
        if op in (">", ">="):
            if bound < self.low or (bound == self.low and (self.low_open or op == ">=")):
                return self
            return replace(self, low=bound, low_open=op == ">")
        if op in ("<", "<="):
            if bound > self.high or (bound == self.high and (self.high_open or op == "<=")):
                return self
            return replace(self, high=bound, high_open=op == "<")
        if op == "==":
            return self.narrowed(">=", bound).narrowed("<=", bound)
        return Interval(1, 0) if self.low == self.high == bound else self

    def __str__(self) -> str:
        if self.low == self.high:
            return f"always {self.low:g}"
        if self.high == _INF:
            return f"never below {self.low:g}"
        return f"between {self.low:g} and {self.high:g}" if self.low > -_INF else f"never above {self.high:g}"


ANY = Interval()
_NOT_NEGATIVE = Interval(0, _INF)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A comparison of something with a number, the number on the right whichever way it was written."""

    subject: Node
    operator: str
    bound: float
    offset: int


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why a part of an expression never yields anything, and where that part is."""

    reason: str
    offset: int
    length: int


def impossible(node: Node, metrics: Metrics) -> Impossible | None:
    """A proof that an expression never yields a sample, or None."""
    match node:
        case Binary():
            return _impossible_pair(node, metrics)
        case Aggregate(inner=inner) | Subquery(inner=inner) | Negative(inner=inner):
            return impossible(inner, metrics)
        case Call(function=function, arguments=arguments):
            if function in ("absent", "absent_over_time", "scalar"):
                return None
            found = (impossible(argument, metrics) for argument in arguments)
            return next((proof for proof in found if proof), None)
        case Selector():
            return _unselectable(node)
        case _:
            return None


def _impossible_pair(node: Binary, metrics: Metrics) -> Impossible | None:
    left = impossible(node.left, metrics)
    if node.operator == "unless":
        same = _same(node.left, node.right)
        return Impossible("both sides of `unless` are the same", node.offset, 6) if same else left
    right = impossible(node.right, metrics)
    if node.operator == "or":
        return left if right else None
    if left or right:
        return left or right
    if node.operator == "and":
        return _contradiction(node, metrics)
    return _never(node, metrics) if node.operator in COMPARISONS and not node.boolean else None


def _never(node: Binary, metrics: Metrics) -> Impossible | None:
    if isinstance(node.right, Number) and not scalar(node.left):
        subject, op, bound = node.left, node.operator, node.right.value
    elif isinstance(node.left, Number) and not scalar(node.right):
        subject, op, bound = node.right, _FLIPPED[node.operator], node.left.value
    else:
        return None
    values = interval_of(subject, metrics)
    if values.empty or not values.narrowed(op, bound).empty:
        return None
    what = f"the left side is {values}" if subject is node.left else f"the right side is {values}"
    return Impossible(f"{what}, never {op} {bound:g}", node.offset, len(node.operator))


def _contradiction(node: Binary, metrics: Metrics) -> Impossible | None:
    """Two comparisons of the same thing, joined by `and`, that no value passes."""
    if node.matching is not None:
        return None
    seen: dict[str, Interval] = {}
    for comparison in conjuncts(node):
        if isinstance(comparison.right, Number):
            subject, op, bound = comparison.left, comparison.operator, comparison.right.value
        elif isinstance(comparison.left, Number):
            subject, op, bound = comparison.right, _FLIPPED[comparison.operator], comparison.left.value
        else:
            continue
        key = repr(shape(subject))
        before = seen.get(key, interval_of(subject, metrics))
        seen[key] = before.narrowed(op, bound)
        if seen[key].empty and not before.empty:
            reason = f"no value is {op} {bound:g} and passes the other comparison of the same thing"
            return Impossible(reason, comparison.offset, len(comparison.operator))
    return None


def conjuncts(node: Node) -> Iterator[Binary]:
    """The comparisons of a chain of `and`, each of which must hold."""
    if isinstance(node, Binary) and node.operator == "and":
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    elif isinstance(node, Binary) and node.operator in COMPARISONS and not node.boolean:
        yield from conjuncts(node.left)
        yield node


def thresholds(node: Node) -> Iterator[Threshold]:
    """What a chain of `and` compares with numbers, in source order; of `unless` and `or`, the left side."""
    if isinstance(node, Binary) and node.operator in ("unless", "or"):
        yield from thresholds(node.left)
        return
    if isinstance(node, Aggregate):
        yield from thresholds(node.inner)
        return
    for comparison in conjuncts(node):
        left, right = constant(comparison.left), constant(comparison.right)
        if right is not None and left is None:
            yield Threshold(comparison.left, comparison.operator, right, comparison.offset)
        elif left is not None and right is None:
            yield Threshold(comparison.right, _FLIPPED[comparison.operator], left, comparison.offset)


def constant(node: Node) -> float | None:
    """The value of an expression of numbers alone, such as `5 * 60`."""
    match node:
        case Number(value=value):
            return value
        case Negative(inner=inner):
            negated = constant(inner)
            return None if negated is None else -negated
        case Binary(operator="*" | "/" | "+" | "-" as operator, left=left, right=right):
            one, other = constant(left), constant(right)
            if one is None or other is None or (operator == "/" and not other):
                return None
            return {"*": one * other, "+": one + other, "-": one - other}.get(operator, one / (other or 1))
        case _:
            return None


def _unselectable(selector: Selector) -> Impossible | None:
    wanted: dict[str, str] = {}
    for matcher in selector.matchers if not selector.alternatives else ():
        if matcher.op == "=" and wanted.setdefault(matcher.label, matcher.value) != matcher.value:
            reason = f'{matcher.label} cannot be both "{wanted[matcher.label]}" and "{matcher.value}"'
            return Impossible(reason, selector.offset, selector.length)
        if matcher.op == "!=" and wanted.get(matcher.label) == matcher.value and matcher.value:
            reason = f'{matcher.label} is asked to be and not to be "{matcher.value}"'
            return Impossible(reason, selector.offset, selector.length)
    return None


def interval_of(node: Node, metrics: Metrics) -> Interval:
    """The values an element of the result can have, were there any."""
    match node:
        case Number(value=value):
            return Interval(value, value)
        case Selector():
            return _selected(node, metrics)
        case Subquery(inner=inner):
            return interval_of(inner, metrics)
        case Negative(inner=inner):
            values = interval_of(inner, metrics)
            return Interval(-values.high, -values.low, values.high_open, values.low_open)
        case Call():
            return _called(node, metrics)
        case Aggregate():
            return _aggregated(node, metrics)
        case Binary():
            return _calculated(node, metrics)
        case _:
            return ANY


def _selected(selector: Selector, metrics: Metrics) -> Interval:
    if selector.metric == "up":
        return Interval(0, 1)
    if selector.metric == "ALERTS":
        return Interval(1, 1)
    metric = metrics.find(selector.metric)
    if metric is None:
        return ANY
    if metric.unit == "boolean":
        return Interval(0, 1)
    if metric.type in ("counter", "bucket", "count") or metric.unit in _NEVER_NEGATIVE_UNITS:
        return _NOT_NEGATIVE
    return ANY


def _called(call: Call, metrics: Metrics) -> Interval:
    if call.function in ("absent", "absent_over_time", "present_over_time", "group"):
        return Interval(1, 1)
    if call.function in _COUNTING or call.function in ("time", "timestamp", "abs", "sqrt", "histogram_count"):
        return _NOT_NEGATIVE
    if call.function in _CALENDAR:
        return Interval(*_CALENDAR[call.function])
    if call.function == "histogram_quantile":
        return _quantile(call, metrics)
    if call.function in _SAME_RANGE and call.arguments:
        vectors = [a for a in call.arguments if not isinstance(a, String)]
        return interval_of(vectors[-1], metrics) if vectors else ANY
    if call.function == "sum_over_time" and call.arguments:
        return _NOT_NEGATIVE if interval_of(call.arguments[0], metrics).low >= 0 else ANY
    return ANY


def _quantile(call: Call, metrics: Metrics) -> Interval:
    """A quantile is never above the largest finite bucket: what lies beyond is reported as that bound."""
    names = {s.metric for s in selectors(call)}
    found = [metrics.find(name) for name in names]
    bounds = [metric.buckets for metric in found if metric and metric.buckets]
    quantile = call.arguments[0]
    if len(bounds) != 1 or len(found) != 1 or not isinstance(quantile, Number) or not 0 <= quantile.value <= 1:
        return ANY
    return Interval(min(0.0, bounds[0][0]), bounds[0][-1])


def _aggregated(node: Aggregate, metrics: Metrics) -> Interval:
    inner = interval_of(node.inner, metrics)
    if node.operator in ("avg", "min", "max", "topk", "bottomk", "quantile", "limitk"):
        return inner
    if node.operator in ("count", "count_values"):
        return Interval(1, _INF) if node.operator == "count" else ANY
    if node.operator == "group":
        return Interval(1, 1)
    if node.operator == "sum":
        low = inner.low if inner.low >= 0 else -_INF
        return Interval(low, 0 if inner.high <= 0 else _INF, inner.low_open and low > 0)
    return _NOT_NEGATIVE if node.operator in ("stddev", "stdvar") else ANY


def _calculated(node: Binary, metrics: Metrics) -> Interval:
    left, right = interval_of(node.left, metrics), interval_of(node.right, metrics)
    if node.operator in COMPARISONS:
        if node.boolean:
            return Interval(0, 1)
        if isinstance(node.right, Number):
            return left.narrowed(node.operator, node.right.value)
        return left if not scalar(node.left) else right
    if node.operator in ("and", "unless"):
        return left
    if node.operator == "or":
        return Interval(min(left.low, right.low), max(left.high, right.high))
    if node.operator == "/" and _is_part_of(node.left, node.right):
        return Interval(0, 1)
    return _arithmetic(node.operator, left, right)


def _arithmetic(op: str, left: Interval, right: Interval) -> Interval:
    if op == "-":
        op, right = "+", Interval(-right.high, -right.low)
    if op == "+":
        return Interval(left.low + right.low, left.high + right.high) if _addable(left, right) else ANY
    if op == "/":
        if right.low < 0 or left.low < 0:
            return ANY
        low = left.low / right.high if 0 < right.high < _INF else 0.0
        high = left.high / right.low if right.low > 0 and left.high < _INF else _INF
        return Interval(low, high)
    if op == "*" and left.low >= 0 and right.low >= 0:
        return Interval(left.low * right.low, _product(left.high, right.high))
    return ANY


def _addable(left: Interval, right: Interval) -> bool:
    return not (math.isnan(left.low + right.low) or math.isnan(left.high + right.high))


def _product(left: float, right: float) -> float:
    return 0.0 if 0 in (left, right) else left * right


def _is_part_of(part: Node, whole: Node) -> bool:
    """Whether both sum the same counter the same way, the part over a subset of the whole's series."""
    match part, whole:
        case Binary(operator="or", left=left, right=Call(function="vector", arguments=(Number(value=0),))), _:
            return _is_part_of(left, whole)
        case Aggregate(), Aggregate():
            alike = (part.operator, part.keeps, set(part.labels)) == (whole.operator, whole.keeps, set(whole.labels))
            return alike and part.operator == "sum" and _is_part_of(part.inner, whole.inner)
        case Call(function="rate" | "increase"), Call():
            return part.function == whole.function and _is_part_of(part.arguments[0], whole.arguments[0])
        case Selector(), Selector():
            same = (part.metric, part.range_seconds, part.shift_seconds) == (
                whole.metric,
                whole.range_seconds,
                whole.shift_seconds,
            )
            return same and bool(part.metric) and set(whole.matchers) <= set(part.matchers)
        case _:
            return False


def _same(left: Node, right: Node) -> bool:
    return bool(shape(left) == shape(right))


def shape(node: Node) -> object:
    """A node without its places, so that the same text in two places compares equal."""
    match node:
        case Number(value=value) | String(value=value):
            return (type(node).__name__, value)
        case Selector():
            return (node.metric, frozenset(node.matchers), node.range_seconds, node.shift_seconds)
        case Subquery():
            return ("subquery", shape(node.inner), node.range_seconds, node.step_seconds)
        case Negative(inner=inner):
            return ("-", shape(inner))
        case Call():
            return (node.function, *(shape(argument) for argument in node.arguments))
        case Aggregate():
            parameter = shape(node.parameter) if node.parameter else None
            return (node.operator, node.keeps, frozenset(node.labels), shape(node.inner), parameter)
        case Binary():
            how = (node.operator, node.boolean, node.matching, node.matches_on, node.group, node.included)
            return (*how, shape(node.left), shape(node.right))
