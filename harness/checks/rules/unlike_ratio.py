"""See UnlikeRatio."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import pitfalls
from harness.documents.expressions import of_rules
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class UnlikeRatio(Check):
    """A share is taken of something that the part does not belong to.

    Why: part and whole select contradicting labels of one metric, so the number means nothing.
    Bad: `x{job="a", code="500"} / x{job="b"}`. Good: the same selectors, the part with one more. Fix: align them.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare the selectors of every division of a metric by itself."""
        # Used by hard, read by written: whether the one is a part of the other, a catalog's owner knows.
        severity = Severity.BUG if context.fixtures.get("catalog") else Severity.WARNING
        for expression in of_rules(rules):
            for position, message in pitfalls.unlike_ratios(expression):
                yield self.finding(position, message, severity=severity)
