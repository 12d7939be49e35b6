"""See ChangingMembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Aggregate,
    Binary,
    Node,
    children,
)
from harness.model import Finding, Severity


class ChangingMembers(Check):
    """An alert on `topk` or its kind: when the ranking changes, one alert resolves and another begins to wait.

    Why: `for` is counted per series. Bad: `topk(5, rate(errors_total[5m])) > 1`. Good: the comparison alone.
    Fix: leave the ranking out; the notification lists the alerts anyway.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for rankings in alerts."""
        for alert in rules.alerts:
            expression = of_rule(alert)
            node = expression.node()
            for found in _whole(node) if node else ():
                if isinstance(found, Aggregate) and found.operator in ("topk", "bottomk", "limitk", "limit_ratio"):
                    place = expression.place(found.offset, len(found.operator))
                    yield self.finding(place, f"{found.operator}() changes members, and each change restarts `for`")


def _whole(node: Node) -> Iterator[Node]:
    """The parts whose series are the result's: not what is aggregated, nor what a join only takes labels from."""
    yield node
    if isinstance(node, Aggregate):
        return
    if isinstance(node, Binary) and node.group:
        yield from _whole(node.left if node.group == "left" else node.right)
        return
    for child in children(node):
        yield from _whole(child)
