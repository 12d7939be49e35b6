"""See WrongValue."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.shapes import prometheus, told
from harness.model import Finding, Severity


class WrongValue(Check):
    """A setting has a value that Prometheus cannot take: it refuses the whole file.

    Why: a duration without a unit, a word that is none of those there are, a list where a mapping is wanted.
    Bad: `scrape_interval: 30`, `role: pods`. Good: `scrape_interval: 30s`, `role: pod`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, document: Prometheus, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, prometheus.NOTATION, "value"):
            yield self.finding(position, message)
