"""See WrongValue."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.shapes import alertmanager, told
from harness.model import Finding, Severity


class WrongValue(Check):
    """A setting has a value that Alertmanager cannot take: it refuses the whole file.

    Why: a duration without a unit, a URL without a scheme, a list where a mapping is wanted.
    Bad: `group_wait: 30`. Good: `group_wait: 30s`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, document: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, alertmanager.NOTATION, "value"):
            yield self.finding(position, message)
