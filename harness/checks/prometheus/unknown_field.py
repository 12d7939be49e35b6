"""See UnknownField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.shapes import prometheus, told
from harness.model import Finding, Severity


class UnknownField(Check):
    """A setting that Prometheus does not know: it refuses the whole file.

    Why: after a reload the old configuration goes on, after a restart there is no monitoring.
    Bad: `consult_sd_configs:`. Good: `consul_sd_configs:`. Fix: correct the name, or remove what is of another version.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, document: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, prometheus.NOTATION, "field"):
            yield self.finding(position, message)
