"""See NotTogether."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.shapes import prometheus, told
from harness.model import Finding, Severity


class NotTogether(Check):
    """Two settings exclude each other: Prometheus refuses the whole file.

    Why: it cannot tell which is meant. Bad: `bearer_token` beside `basic_auth`. Good: one of them.
    Fix: remove the other.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, document: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, prometheus.NOTATION, "apart"):
            yield self.finding(position, message)
