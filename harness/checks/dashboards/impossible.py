"""See ImpossibleQuery."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.languages.promql_values import impossible
from harness.model import Finding


class ImpossibleQuery(Check):
    """A panel's query can never yield anything.

    Why: the panel says "No data" for ever, which reads like "no problem". Bad: `x > 10 and x < 5`; `up > 1`.
    Good: a condition that values can meet. Fix: correct the bound.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Follow the range of values through every query."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_dashboard(dashboard, context.documents):
            node = None if "$" in expression.text.replace("$__", "") else expression.node()
            proof = impossible(node, metrics) if node else None
            if proof:
                yield self.finding(expression.place(proof.offset, proof.length), f"never yields: {proof.reason}")
