"""See NotTogether."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.shapes import alertmanager, told
from harness.model import Finding, Severity


class NotTogether(Check):
    """Two settings exclude each other: Alertmanager refuses the whole file.

    Why: it cannot tell which is meant. Bad: `api_url` beside `app_token` of Slack. Good: one of them.
    Fix: remove the other.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, document: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every section with the settings there are."""
        for position, message in told(document.tree, alertmanager.NOTATION, "apart"):
            yield self.finding(position, message)
