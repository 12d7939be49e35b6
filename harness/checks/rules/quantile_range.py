"""See QuantileRange."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding


class QuantileRange(Check):
    """A quantile outside of 0 to 1 is infinite for every series.

    Why: quantiles are shares, not percentages. Bad: `histogram_quantile(95, …)`. Good: `0.95`. Fix: divide by 100.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at every quantile."""
        for expression in of_rules(rules):
            for position, message in pitfalls.quantiles_out_of_range(expression):
                yield self.finding(position, message)
