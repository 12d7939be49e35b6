"""See UnknownField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.shapes import alertmanager, told
from harness.model import Finding, Severity


class UnknownField(Check):
    """A setting that Alertmanager does not know: it refuses the whole file.

    Why: after a reload the old configuration goes on, after a restart nobody is notified.
    Bad: `reciever: ops`. Good: `receiver: ops`. Fix: correct the name, or remove what is of another version.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, document: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, alertmanager.NOTATION, "field"):
            yield self.finding(position, message)
