"""See MissingField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.shapes import alertmanager, told
from harness.model import Finding, Severity


class MissingField(Check):
    """A section lacks what it cannot do without: Alertmanager refuses the whole file.

    Why: it would not know whom to tell. Bad: a receiver without `name`. Good: `name: ops`. Fix: add what is named.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, document: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, alertmanager.NOTATION, "needs"):
            yield self.finding(position, message)
