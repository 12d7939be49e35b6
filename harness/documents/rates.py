"""How expressions take rates: of what, and over which window."""

from __future__ import annotations

from collections.abc import Iterator

from harness.documents.durations import spoken
from harness.documents.expressions import Expression
from harness.languages.metrics import Metrics
from harness.languages.promql import Call, Node, Selector, children, walk
from harness.model import Position

RATES = ("rate", "irate", "increase")
_VALUE_FREE = ("absent", "absent_over_time", "changes", "resets", "timestamp", "count_over_time", "present_over_time")

Problem = tuple[Position, str]


def rates_of_gauges(expression: Expression, metrics: Metrics) -> Iterator[Problem]:
    """Rates of what is known to be no counter."""
    for call, selector in _rates(expression):
        metric = metrics.find(selector.metric)
        if metric and metric.type == "gauge":
            place = expression.place(call.offset, len(call.function))
            yield (
                place,
                f"{selector.metric} is a gauge; {call.function}() takes each fall for a restart: use delta() or deriv",
            )


def raw_counters(expression: Expression, metrics: Metrics) -> Iterator[Problem]:
    """Counters whose value since the process's start is used as it is."""
    node = expression.node()
    for selector in _bare(node) if node else ():
        metric = metrics.find(selector.metric)
        if metric and metric.type in ("counter", "bucket", "count"):
            place = expression.place(selector.offset, selector.length)
            yield place, f"{selector.metric} only grows since the last restart; take rate() or increase() of it"


def short_windows(expression: Expression, interval: float) -> Iterator[tuple[Position, str, bool]]:
    """Windows that hold too few samples; true when they hold less than the two that a rate needs."""
    for call, selector in _rates(expression):
        window = selector.range_seconds or 0.0
        if expression.parsed_text != expression.text and "$" in _range_text(expression, selector):
            continue
        if window < 4 * interval:
            useless = window < 2 * interval
            what = "yields nothing" if useless else "breaks on a single missed scrape"
            wanted = spoken(4 * interval)
            place = expression.place(call.offset, len(call.function))
            yield (
                place,
                f"a window of {spoken(window)} at a scrape every {spoken(interval)} {what}; use {wanted} or more",
                useless,
            )


def _range_text(expression: Expression, selector: Selector) -> str:
    start = expression.text.find("[", selector.offset)
    return expression.text[start : expression.text.find("]", start) + 1] if start >= 0 else ""


def _rates(expression: Expression) -> Iterator[tuple[Call, Selector]]:
    node = expression.node()
    for call in walk(node) if node else ():
        if isinstance(call, Call) and call.function in RATES and call.arguments:
            inner = call.arguments[0]
            if isinstance(inner, Selector):
                yield call, inner


def _bare(node: Node) -> Iterator[Selector]:
    """Instant selectors whose value reaches the result."""
    if isinstance(node, Selector):
        if node.range_seconds is None:
            yield node
        return
    if isinstance(node, Call) and node.function in _VALUE_FREE:
        return
    if getattr(node, "operator", "") in ("count", "group", "and", "unless"):
        return
    for child in children(node):
        yield from _bare(child)
