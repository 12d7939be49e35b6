"""What PromQL accepts and nobody means: found wherever expressions stand, in rules, dashboards and runbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.documents.durations import spoken
from harness.documents.expressions import Expression
from harness.languages.metrics import Metrics
from harness.languages.promql import (
    Aggregate,
    Binary,
    Call,
    Matcher,
    Node,
    Number,
    Selector,
    Subquery,
    children,
    selectors,
    walk,
)
from harness.languages.promql_values import constant
from harness.model import Position

Problem = tuple[Position, str]

_QUANTILES = {"histogram_quantile": 0, "quantile_over_time": 0}
_SLOPES = ("delta", "idelta", "deriv", "predict_linear")
_PLAIN = re.compile(r"[\w /:@%&=,;~-]*")


def _nodes(expression: Expression) -> Iterator[Node]:
    node = expression.node()
    return walk(node) if node else iter(())


def quantiles_out_of_range(expression: Expression) -> Iterator[Problem]:
    """Quantiles that are no share of one."""
    for node in _nodes(expression):
        given: Node | None = None
        if isinstance(node, Call) and node.function in _QUANTILES and node.arguments:
            given, name = node.arguments[0], node.function
        elif isinstance(node, Aggregate) and node.operator == "quantile":
            given, name = node.parameter, "quantile"
        value = constant(given) if given is not None else None
        if value is not None and not 0 <= value <= 1 and given is not None:
            place = expression.place(given.offset if isinstance(given, Number) else node.offset, 1)
            yield place, f"{name} wants a share between 0 and 1; {value:g} yields infinity for every series"


def quantiles_of_no_buckets(expression: Expression) -> Iterator[Problem]:
    """`histogram_quantile` of a histogram's sum or count, or of a plain counter."""
    for node in _nodes(expression):
        if isinstance(node, Call) and node.function == "histogram_quantile" and len(node.arguments) > 1:
            for selector in selectors(node.arguments[1]):
                if selector.metric.endswith(("_sum", "_count", "_total")):
                    place = expression.place(selector.offset, selector.length)
                    yield place, f"{selector.metric} holds no buckets, so there is no quantile of it"


def mixed_windows(expression: Expression) -> Iterator[Problem]:
    """Ratios whose two sides look at different spans of time."""
    for node in _nodes(expression):
        if isinstance(node, Binary) and node.operator == "/":
            over = {s.range_seconds for s in selectors(node.left) if s.range_seconds}
            under = {s.range_seconds for s in selectors(node.right) if s.range_seconds}
            # One metric over two spans is compared with its own past.
            written = "$" in expression.text or _asked(node.left) == _asked(node.right)
            if len(over) == len(under) == 1 and over != under and not written:
                one, other = spoken(over.pop()), spoken(under.pop())
                yield expression.place(node.offset, 1), f"the ratio divides {one} by {other}; its sides must look alike"


def _asked(node: Node) -> set[tuple[str, tuple[Matcher, ...]]]:
    return {(selector.metric, selector.matchers) for selector in selectors(node)}


def unlike_ratios(expression: Expression) -> Iterator[Problem]:
    """Shares of a whole that the part is no part of: the same metric, selected by contradicting labels."""
    for node in _nodes(expression):
        if not isinstance(node, Binary) or node.operator != "/":
            continue
        left, right = selectors(node.left), selectors(node.right)
        if len(left) != 1 or len(right) != 1 or left[0].metric != right[0].metric or not left[0].metric:
            continue
        whole = {m.label: m.value for m in right[0].matchers if m.op == "="}
        for matcher in left[0].matchers:
            differs = matcher.op == "=" and whole.get(matcher.label, matcher.value) != matcher.value
            if differs and not _on_purpose(node, matcher.label):
                place = expression.place(right[0].offset, right[0].length)
                yield place, f'divides {matcher.label}="{matcher.value}" by {matcher.label}="{whole[matcher.label]}"'


def _on_purpose(node: Binary, label: str) -> bool:
    """Whether the division itself says that the two sides differ in a label."""
    return node.matching is not None and (label in node.matching) is not node.matches_on


def averaged_quantiles(expression: Expression) -> Iterator[Problem]:
    """Averages and sums of quantiles, which are no quantile of anything."""
    for node in _nodes(expression):
        if not isinstance(node, Aggregate) or node.operator not in ("avg", "sum"):
            continue
        inner = node.inner
        summary = isinstance(inner, Selector) and any(m.label == "quantile" for m in inner.matchers)
        if summary or (isinstance(inner, Call) and inner.function == "histogram_quantile"):
            place = expression.place(node.offset, len(node.operator))
            yield place, f"{node.operator}() of quantiles is no quantile; aggregate the buckets, or take max()"


def slopes_of_counters(expression: Expression, metrics: Metrics) -> Iterator[Problem]:
    """Functions for gauges on counters: each restart looks like a fall."""
    for node in _nodes(expression):
        if isinstance(node, Call) and node.function in _SLOPES and node.arguments:
            inner = node.arguments[0]
            if isinstance(inner, Selector):
                metric = metrics.find(inner.metric)
                counter = metric.only_grows if metric else inner.metric.endswith("_total")
                if counter:
                    place = expression.place(node.offset, len(node.function))
                    yield (
                        place,
                        f"{inner.metric} is a counter; {node.function}() takes a restart for a fall: use rate()",
                    )


def rates_of_sums(expression: Expression) -> Iterator[Problem]:
    """Rates taken after summing, which makes one process's restart a fall of the whole."""
    for node in _nodes(expression):
        if isinstance(node, Call) and node.function in ("rate", "irate", "increase") and node.arguments:
            inner = node.arguments[0]
            if isinstance(inner, Subquery) and isinstance(inner.inner, Aggregate) and inner.inner.operator == "sum":
                place = expression.place(node.offset, len(node.function))
                yield place, f"{node.function}() of a sum takes one restart for a fall of all; sum the rates instead"


def needless_patterns(expression: Expression) -> Iterator[Problem]:
    """Regular expressions that say no more than a plain comparison, or that let everything through."""
    for selector in _nodes(expression):
        if not isinstance(selector, Selector):
            continue
        for matcher in selector.matchers:
            if not matcher.op.endswith("~") or "$" in matcher.value:
                continue
            place = expression.place(selector.offset, selector.length)
            if matcher.value in (".*", "^.*$") and matcher.op == "=~":
                yield place, f'{matcher.label}=~".*" lets everything through; leave it out'
            elif matcher.value and _PLAIN.fullmatch(matcher.value):
                plain = "=" if matcher.op == "=~" else "!="
                yield place, f'{matcher.label}{matcher.op}"{matcher.value}" is no pattern; write {plain}'


def looks_back(expression: Expression, limit: float) -> Iterator[tuple[Position, float]]:
    """The selectors that reach further back than a limit: window, offset, and the subqueries around, in seconds."""
    node = expression.node()
    for selector, reach in _reach(node, 0.0) if node else ():
        if reach > limit:
            yield expression.place(selector.offset, selector.length), reach


def _reach(node: Node, beyond: float) -> Iterator[tuple[Selector, float]]:
    if isinstance(node, Selector):
        yield node, beyond + (node.range_seconds or 0.0) + max(0.0, node.shift_seconds)
        return
    further = beyond + node.range_seconds if isinstance(node, Subquery) else beyond
    for child in children(node):
        yield from _reach(child, further)
