"""See NoComparison."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import Aggregate, Binary, Call, Negative, Node, Selector, has_comparison, selectors, walk
from harness.model import Finding, Severity


class NoComparison(Check):
    """An alert whose expression compares nothing fires for as long as the series exist.

    Why: an alert fires for every element of the result, whatever its value, also for 0.
    Bad: `expr: rate(errors_total[5m])`. Good: `expr: rate(errors_total[5m]) > 0.1`.
    Fix: compare. Meant to fire always (a watchdog) is written `vector(1)`, meant for absence `absent(…)`.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for a comparison, an absence or a set operation in each alert."""
        for alert in rules.alerts:
            expression = of_rule(alert)
            node = expression.node()
            if node and selectors(node) and not has_comparison(node) and not _filters(node):
                yield self.finding(expression.place(0, 1), "compares nothing, so it fires whatever the value is")


def _filters(node: Node) -> bool:
    """Whether it yields something only in some situations: absence, `unless`, or series that exist only then."""
    for found in walk(node):
        if isinstance(found, Call) and found.function in ("absent", "absent_over_time"):
            return True
        if isinstance(found, Binary) and found.operator in ("and", "unless"):
            return True
    return isinstance(node, (Aggregate, Selector, Negative)) and any(s.metric == "ALERTS" for s in selectors(node))
