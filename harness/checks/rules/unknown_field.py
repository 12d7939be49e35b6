"""See UnknownField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.shapes import rules as shape
from harness.documents.shapes import told
from harness.model import Finding, Severity


class UnknownField(Check):
    """A rule file has a field that Prometheus does not know: it loads none of the rules.

    Why: the file is refused, and after a restart no alert of it exists. Bad: `lables:`, `runbook:` beside `expr`.
    Good: `labels:`, `annotations: {runbook_url: …}`. Fix: correct the name, or move it to labels or annotations.
    """

    severity, subject = Severity.FATAL, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare every group and rule with the fields there are, those of Prometheus's relatives included."""
        for position, message in told(rules.tree, shape.NOTATION, "field"):
            if not shape.RELATIVES.search(message):
                yield self.finding(position, message)
