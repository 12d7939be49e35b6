"""See CopiedText."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.expressions import of_rule
from harness.documents.rules import Alert, Rules
from harness.languages.promql_values import shape, thresholds
from harness.model import Finding, Severity


class CopiedText(Check):
    """Two alerts of different names have the same summary: one of them was copied and not finished.

    Why: who is woken reads the summary first. Bad: `summary: Database is slow` on the cache's alert too.
    Good: a summary each. Fix: write what this alert means.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare the summaries of all alerts."""
        seen: dict[tuple[str, str], Alert] = {}
        for rules in documents.of(Rules):
            for alert in rules.alerts:
                text = " ".join(alert.annotations.get("summary", "").split())
                first = seen.setdefault((rules.file, text), alert)
                if text and first.name != alert.name and shape_of(first) != shape_of(alert):
                    message = f"{first.name} has the same summary; one of the two does not say what it means"
                    yield self.finding(alert.at("annotations", "summary"), message, also=[first.at("alert")])


def shape_of(alert: Alert) -> str:
    """What the alert watches, thresholds apart: two severities of one thing may say the same."""
    node = of_rule(alert).node()
    first = next(thresholds(node), None) if node else None
    return repr(shape(first.subject)) if first else alert.expr
