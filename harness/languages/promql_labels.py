"""Which labels the result of an expression carries: surely, possibly, or unknown."""

from __future__ import annotations

from dataclasses import dataclass

from harness.languages.metrics import Metrics
from harness.languages.promql import Aggregate, Binary, Call, Negative, Node, Number, Selector, String, Subquery


@dataclass(frozen=True, slots=True)
class Labels:
    """`must` are on every element, `may` on some; `open` means there can be others that nobody listed."""

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    open: bool = False

    def possible(self, label: str) -> bool:
        """Whether an element can carry the label."""
        return self.open or label in self.may

    def without(self, dropped: frozenset[str]) -> Labels:
        """The labels less those dropped."""
        return Labels(self.must - dropped, self.may - dropped, self.open)

    def only(self, kept: frozenset[str]) -> Labels:
        """The labels as `by` keeps them; what is open may hold any of those kept."""
        return Labels(self.must & kept, kept if self.open else self.may & kept, False)

    def and_also(self, added: frozenset[str]) -> Labels:
        """The labels and some more that are sure."""
        return Labels(self.must | added, self.may | added, self.open)


NONE = Labels()
_UNLABELLED = {"time", "vector", "scalar", "pi", "now"}
_CALENDAR = {"minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"}
_PER_SERIES = {"topk", "bottomk", "limitk", "limit_ratio"}


def labels_of(node: Node, metrics: Metrics) -> Labels:
    """The labels of what an expression yields."""
    match node:
        case Number() | String():
            return NONE
        case Selector():
            return _selected(node, metrics)
        case Subquery(inner=inner) | Negative(inner=inner):
            return labels_of(inner, metrics)
        case Call():
            return _called(node, metrics)
        case Aggregate():
            return _aggregated(node, metrics)
        case Binary():
            return _joined(node, metrics)


def _selected(selector: Selector, metrics: Metrics) -> Labels:
    named = frozenset(m.label for m in selector.matchers if m.op == "=" and m.value)
    absent = frozenset(m.label for m in selector.matchers if m.op == "=" and not m.value)
    metric = metrics.find(selector.metric) if selector.metric else None
    if metric is None or not metric.complete:
        listed = frozenset(metric.labels) if metric else frozenset()
        return Labels(named, named | listed | metrics.target_labels, True).without(absent)
    carried = frozenset(metric.labels) | metrics.target_labels
    return Labels(carried, carried | named, False).without(absent)


def _called(call: Call, metrics: Metrics) -> Labels:
    if call.function in _UNLABELLED or (call.function in _CALENDAR and not call.arguments):
        return NONE
    if call.function in ("absent", "absent_over_time"):
        inner = call.arguments[0] if call.arguments else None
        while isinstance(inner, (Subquery, Negative)):
            inner = inner.inner
        if not isinstance(inner, Selector):
            return NONE
        names = [m.label for m in inner.matchers]
        equal = frozenset(m.label for m in inner.matchers if m.op == "=" and names.count(m.label) == 1)
        return Labels(equal, equal)
    vectors = [a for a in call.arguments if not isinstance(a, String) and not scalar(a)]
    carried = labels_of(vectors[0], metrics) if vectors else Labels(open=True)
    if call.function == "histogram_quantile":
        return carried.without(frozenset({"le"}))
    if call.function in ("label_replace", "label_join") and len(call.arguments) > 1:
        target = call.arguments[1]
        name = frozenset({target.value}) if isinstance(target, String) else frozenset()
        return Labels(carried.must, carried.may | name, carried.open)
    return Labels(carried.must, carried.may, True) if call.function == "info" else carried


def _aggregated(node: Aggregate, metrics: Metrics) -> Labels:
    carried = labels_of(node.inner, metrics)
    if node.operator in _PER_SERIES:
        return carried
    kept = carried.only(frozenset(node.labels)) if node.keeps else carried.without(frozenset(node.labels))
    if node.operator == "count_values" and isinstance(node.parameter, String):
        return kept.and_also(frozenset({node.parameter.value}))
    return kept


def _joined(node: Binary, metrics: Metrics) -> Labels:
    left, right = labels_of(node.left, metrics), labels_of(node.right, metrics)
    if scalar(node.left):
        return right
    if scalar(node.right) or node.operator in ("and", "unless"):
        return left
    if node.operator == "or":
        return Labels(left.must & right.must, left.may | right.may, left.open or right.open)
    if node.group:
        many, one = (left, right) if node.group == "left" else (right, left)
        included = frozenset(node.included)
        sure = frozenset(label for label in included if label in one.must)
        return Labels(many.must | sure, many.may | (included if one.open else included & one.may), many.open)
    if node.matching is None:
        return Labels(left.must, left.may, left.open)
    matching = frozenset(node.matching)
    return left.only(matching) if node.matches_on else left.without(matching)


def scalar(node: Node) -> bool:
    """Whether an expression yields a lone number instead of a vector."""
    match node:
        case Number():
            return True
        case Negative(inner=inner):
            return scalar(inner)
        case Call(function=function):
            return function in ("scalar", "time", "pi", "now")
        case Binary(left=left, right=right):
            return scalar(left) and scalar(right)
        case _:
            return False
