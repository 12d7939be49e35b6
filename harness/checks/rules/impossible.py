"""See ImpossibleExpression."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.languages.promql_values import impossible
from harness.model import Finding


class ImpossibleExpression(Check):
    """An expression that can never be true: the alert is there, and cannot fire.

    Why: it looks like protection. Bad: a share of requests (0 to 1) compared `> 5`; `up > 1`; `x > 10 and x < 5`;
    `count(up == 0) == 0`, because a count of nothing is nothing; a histogram's quantile above its largest bucket.
    Good: a bound the value can reach. Fix: compare in the value's own unit.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Follow the range of values through every expression."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_rules(rules):
            node = expression.node()
            proof = impossible(node, metrics) if node else None
            if proof:
                yield self.finding(expression.place(proof.offset, proof.length), f"can never be true: {proof.reason}")
