"""See NeedlessPattern."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class NeedlessPattern(Check):
    """A regular expression that is none, or that lets everything through.

    Why: the reader looks for the alternatives that are not there. Bad: `job=~"api"`, `job=~".*"`. Good: `job="api"`, or
    nothing. Fix: use `=` or `!=`, or leave the matcher out.
    """

    severity, subject = Severity.INFO, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at every pattern."""
        for expression in of_rules(rules):
            for position, message in pitfalls.needless_patterns(expression):
                yield self.finding(position, message)
