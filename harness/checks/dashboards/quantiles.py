"""See Quantiles."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.languages.promql import (
    Aggregate,
    Call,
    selectors,
    walk,
)
from harness.languages.promql_labels import labels_of
from harness.model import Finding


class Quantiles(Check):
    """A panel takes a quantile out of range, or of something without buckets.

    Why: it shows infinity, or nothing. Bad: `histogram_quantile(95, …)`, a quantile of `x_sum`. Good: `0.95` of
    `x_bucket`. Fix: correct number or metric.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look at every quantile of every query."""
        metrics = known_metrics(context.documents, context.fixtures)
        for query in of_dashboard(dashboard, context.documents):
            problems = [*pitfalls.quantiles_out_of_range(query), *pitfalls.quantiles_of_no_buckets(query)]
            for position, message in problems:
                yield self.finding(position, message)
            node = query.node()
            for call in walk(node) if node else ():
                quantile = isinstance(call, Call) and call.function == "histogram_quantile"
                if not isinstance(call, Call) or not quantile or len(call.arguments) < 2:
                    continue
                inner = call.arguments[1]
                buckets = any(s.metric.endswith("_bucket") for s in selectors(inner))
                if buckets and isinstance(inner, Aggregate) and not labels_of(inner, metrics).possible("le"):
                    place = query.place(call.offset, len(call.function))
                    yield self.finding(place, "the buckets were aggregated without `le`, so there is no quantile")
