"""See BeyondRetention."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.deployment import (
    metric_retention,
)
from harness.documents.durations import spoken
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding


class BeyondRetention(Check):
    """An expression looks further back than Prometheus keeps samples.

    Why: what is deleted counts as if it had never been, without an error: a comparison with last month yields nothing.
    Bad: `rate(x[5m] offset 30d)` with `--storage.tsdb.retention.time=15d`. Good: a reach within the retention.
    Fix: look back less, keep more, or record what is needed.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Add up windows, offsets and subqueries."""
        kept = metric_retention(context.documents)
        for expression in of_rules(rules) if kept else ():
            for place, reach in pitfalls.looks_back(expression, kept or 0.0):
                yield self.finding(place, f"reaches {spoken(reach)} back; Prometheus keeps {spoken(kept or 0.0)}")
