"""See MixedWindows."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class MixedWindows(Check):
    """A ratio compares two different spans of time.

    Why: with different windows part and whole are no part and whole; the share jumps when traffic changes.
    Bad: `rate(errors[5m]) / rate(requests[1m])`. Good: one window. Fix: use the same on both sides.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at the windows of every division."""
        for expression in of_rules(rules):
            for position, message in pitfalls.mixed_windows(expression):
                yield self.finding(position, message)
