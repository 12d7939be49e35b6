"""See HistogramInput."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding


class HistogramInput(Check):
    """`histogram_quantile` is given something that holds no buckets, and yields nothing.

    Why: quantiles are read from `_bucket` series (or native histograms). Bad: of `rate(x_sum[5m])`.
    Good: `rate(x_bucket[5m])`. Fix: use the buckets.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at what every quantile is taken of."""
        for expression in of_rules(rules):
            for position, message in pitfalls.quantiles_of_no_buckets(expression):
                yield self.finding(position, message)
