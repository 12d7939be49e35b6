"""See Syntax."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class Syntax(Check):
    """An expression that cannot be parsed keeps Prometheus from loading the file, and so every rule in it.

    Why: a rule file is loaded whole or not at all. Bad: `sum(rate(x[5m])`. Good: `sum(rate(x[5m]))`.
    Fix: at the place shown. Syntax that only a newer Prometheus knows is left to promtool.
    """

    severity, subject = Severity.FATAL, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Parse every expression."""
        for expression in of_rules(rules):
            error = expression.error()
            if error and not error.newer:
                yield self.finding(expression.place(error.offset, error.length), f"not PromQL: {error.message}")
