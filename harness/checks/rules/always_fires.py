"""See AlwaysFires."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.metrics import Metrics
from harness.languages.promql import (
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Node,
    Selector,
    has_comparison,
    walk,
)
from harness.languages.promql_values import ANY, interval_of, thresholds
from harness.model import Finding


class AlwaysFires(Check):
    """An alert whose comparison lets everything through fires for as long as its series exist.

    Why: people learn to ignore it. `bool` keeps what compares false as a 0, `or vector(…)` adds an element that nothing
    compared, and `up >= 0` holds for every target.
    Bad: `up == bool 0`. Good: `up == 0`. Fix: compare without `bool`, compare last, or compare with a value that can be
    missed. Meant to fire always (a watchdog) is written `vector(1)`.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at the last operation of each alert."""
        metrics = known_metrics(context.documents, context.fixtures)
        for alert in rules.alerts:
            expression = of_rule(alert)
            node = expression.node()
            if isinstance(node, Binary) and (why := _always(node, metrics)):
                place = expression.place(node.offset, len(node.operator))
                yield self.finding(place, f"fires always: {why}")


def _always(node: Binary, metrics: Metrics) -> str:
    if node.operator in COMPARISONS and node.boolean:
        return "`bool` keeps what compares false, with the value 0"
    if node.operator == "or" and isinstance(node.right, Call) and node.right.function == "vector":
        return "nothing compares what `or vector(…)` adds"
    found = list(thresholds(node)) if node.operator in COMPARISONS else []
    if not found or found[0].operator not in (">", ">=", "<", "<=") or _selective(found[0].subject):
        return ""
    values = interval_of(found[0].subject, metrics)
    if values != ANY and values.narrowed(found[0].operator, found[0].bound) == values:
        return f"the value is {values}, always {found[0].operator} {found[0].bound:g}"
    return ""


def _selective(node: Node) -> bool:
    """Whether it yields something only in some situations, so that being there is what is asked for."""
    if has_comparison(node):
        return True
    for found in walk(node):
        if isinstance(found, Call) and found.function in ("absent", "absent_over_time", "vector", "scalar"):
            return True
        if isinstance(found, Aggregate) and found.operator in ("count", "group", "count_values"):
            return True
        if isinstance(found, Selector) and found.metric.startswith("ALERTS"):
            return True
        if isinstance(found, Binary) and found.operator in ("and", "unless"):
            return True
    return False
