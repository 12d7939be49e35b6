"""See RateOfSum."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding


class RateOfSum(Check):
    """A rate is taken after summing: one process's restart is a fall of the whole, which counts as a reset.

    Why: only the single counter tells a restart from a fall. Bad: `rate(sum(x_total)[5m:])`.
    Good: `sum(rate(x_total[5m]))`. Fix: rate first, then sum.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at the inside of every rate."""
        for expression in of_rules(rules):
            for position, message in pitfalls.rates_of_sums(expression):
                yield self.finding(position, message)
