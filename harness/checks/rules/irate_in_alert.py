"""See IrateInAlert."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Call,
    walk,
)
from harness.model import Finding, Severity


class IrateInAlert(Check):
    """An alert uses `irate`, which looks at the last two samples only.

    Why: it jumps with every scrape, so the alert's `for` starts anew again and again.
    Bad: `irate(errors_total[5m]) > 1` with `for: 10m`. Good: `rate(…)`. Fix: use `rate`.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for the function."""
        for alert in rules.alerts:
            expression = of_rule(alert)
            node = expression.node()
            for call in walk(node) if node else ():
                if isinstance(call, Call) and call.function in ("irate", "idelta"):
                    place = expression.place(call.offset, len(call.function))
                    yield self.finding(place, f"{call.function}() jumps with every scrape; use rate() in an alert")
