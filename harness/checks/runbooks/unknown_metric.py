"""See UnknownMetric."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.runbook import Runbook
from harness.documents.unknown import unknown_metrics
from harness.model import Finding


class UnknownMetric(Check):
    """A query of a runbook asks for a metric nobody emits, and shows nothing in the middle of an incident.

    Why: an empty result is read as "all is well". Bad: `http_request_total`. Good: `http_requests_total`. Fix: correct
    the name.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look every metric up in the catalog."""
        for expression in runbook.expressions():
            for position, message in unknown_metrics(expression, context.documents, context.fixtures):
                yield self.finding(position, message)
