"""See UnknownMetric."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.documents.unknown import unknown_metrics
from harness.model import Finding


class UnknownMetric(Check):
    """A rule asks for a metric that nobody emits.

    Why: a selector without series yields nothing, so the alert never fires and nobody notices.
    Bad: `http_request_total` where the catalog has `http_requests_total`. Good: the name as exposed.
    Fix: use the catalog's name, or add the metric to the catalog once it is emitted.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look every selector's metric up."""
        for expression in of_rules(rules):
            for position, message in unknown_metrics(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
