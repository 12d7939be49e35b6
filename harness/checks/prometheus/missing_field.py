"""See MissingField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.shapes import prometheus, told
from harness.model import Finding, Severity


class MissingField(Check):
    """A section lacks what it cannot do without: Prometheus refuses the whole file.

    Why: it would not know what to ask, or whom. Bad: a `remote_write` without `url`. Good: `url: http://store/write`.
    Fix: add what is named, or remove the section.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, document: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, prometheus.NOTATION, "needs"):
            yield self.finding(position, message)
