"""See QuantileWithoutLe."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.languages.promql import Aggregate, Call, walk
from harness.languages.promql_labels import labels_of
from harness.model import Finding


class QuantileWithoutLe(Check):
    """`histogram_quantile` over buckets that were summed without keeping `le` yields nothing.

    Why: the bounds of the buckets are in the label `le`.
    Bad: `histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m])))`.
    Good: `sum by (job, le) (…)`. Fix: keep `le` in the aggregation.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Follow the labels into each quantile."""
        metrics = known_metrics(context.documents, context.fixtures)
        for expression in of_rules(rules):
            node = expression.node()
            for call in walk(node) if node else ():
                if not isinstance(call, Call) or call.function != "histogram_quantile" or len(call.arguments) < 2:
                    continue
                buckets = any(getattr(found, "metric", "").endswith("_bucket") for found in walk(call.arguments[1]))
                summed = isinstance(call.arguments[1], Aggregate)
                if buckets and summed and not labels_of(call.arguments[1], metrics).possible("le"):
                    place = expression.place(call.offset, len(call.function))
                    yield self.finding(place, "the buckets were aggregated without `le`, so there is no quantile")
