"""See UnknownMetric."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.documents.unknown import unknown_metrics
from harness.model import Finding


class UnknownMetric(Check):
    """A panel asks for a metric that nobody emits and stays empty.

    Why: an empty panel looks like a quiet system. Bad: `http_request_total` for `http_requests_total`.
    Good: the name as exposed. Fix: use the catalog's name, or add the metric there once it is emitted.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look every selector's metric up."""
        for expression in of_dashboard(dashboard, context.documents):
            for position, message in unknown_metrics(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
