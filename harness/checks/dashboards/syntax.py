"""See Syntax."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import of_dashboard
from harness.model import Finding


class Syntax(Check):
    """A panel's query that cannot be parsed shows an error in place of data.

    Why: Prometheus refuses it. Bad: `sum(rate(x[5m])`. Good: `sum(rate(x[5m]))`. Fix: at the place shown.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Parse every PromQL query, with its variables filled in."""
        for expression in of_dashboard(dashboard, context.documents):
            error = expression.error()
            if error and not error.newer:
                yield self.finding(expression.place(error.offset, error.length), f"not PromQL: {error.message}")
