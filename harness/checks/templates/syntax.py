"""See Syntax."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.templates import Templates, faults
from harness.model import Finding, Severity


class Syntax(Check):
    """A template file that cannot be parsed keeps Alertmanager from starting.

    Why: templates are parsed when the configuration is loaded. Bad: `{{ if .Alerts }}` without `{{ end }}`.
    Good: every block closed. Fix: at the place shown.
    """

    severity, subject = Severity.FATAL, Templates

    def examine(self, templates: Templates, context: Context) -> Iterable[Finding]:
        """Follow the blocks from beginning to end."""
        for offset, length, why in faults(templates.text):
            yield self.finding(templates.tree.place(offset, offset + length), f"broken template: {why}")
