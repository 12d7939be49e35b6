"""See LabelMismatch."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.languages.metrics import Metrics
from harness.languages.promql import Binary, walk
from harness.languages.promql_labels import Labels, labels_of, scalar
from harness.model import Finding


class LabelMismatch(Check):
    """Two sides of an operator whose labels differ never meet, so the result is always empty.

    Why: without `on` or `ignoring`, elements pair up when all their labels are equal.
    Bad: `sum by (job, route) (a) / sum by (job) (b)`. Good: `… / on (job) group_left sum by (job) (b)`.
    Fix: group both sides alike, or say which labels to match on.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Follow the labels into both sides of every operator."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_rules(rules):
            node = expression.node()
            for found in walk(node) if node else ():
                if isinstance(found, Binary) and (why := _mismatch(found, metrics)):
                    yield self.finding(expression.place(found.offset, len(found.operator)), why)


def _mismatch(node: Binary, metrics: Metrics) -> str:
    if node.operator == "or" or scalar(node.left) or scalar(node.right):
        return ""
    left, right = labels_of(node.left, metrics), labels_of(node.right, metrics)
    if node.matching is None:
        return _difference(left, right)
    matching = frozenset(node.matching)
    if node.matches_on:
        return _difference(left.only(matching), right.only(matching))
    return _difference(left.without(matching), right.without(matching))


def _difference(left: Labels, right: Labels) -> str:
    for one, other, side in ((left, right, "right"), (right, left, "left")):
        extra = sorted(label for label in one.must if not other.possible(label))
        if extra:
            return f"never matches: the {side} side has no label {', '.join(extra)}"
    return ""
