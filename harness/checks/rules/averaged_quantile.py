"""See AveragedQuantile."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class AveragedQuantile(Check):
    """Quantiles are averaged or summed; the result is no quantile of anything.

    Why: the mean of two 95th percentiles is not the 95th percentile of both. Bad: `avg(x{quantile="0.95"})`.
    Good: `histogram_quantile(0.95, sum by (le) (…))`, or `max`. Fix: aggregate the buckets first.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at what is averaged and summed."""
        for expression in of_rules(rules):
            for position, message in pitfalls.averaged_quantiles(expression):
                yield self.finding(position, message)
