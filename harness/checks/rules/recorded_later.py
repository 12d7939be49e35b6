"""See RecordedLater."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Recording, Rules
from harness.languages.promql import (
    selectors,
)
from harness.model import Finding, Severity


class RecordedLater(Check):
    """A rule uses a metric that its own group records further down: it sees the value of the evaluation before.

    Why: the rules of a group are evaluated in order. Bad: an alert above the recording rule it needs. Good: below it.
    Fix: move the recording rule up.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at what each rule uses and what the rest of its group records."""
        for group in rules.groups:
            for index, rule in enumerate(group.rules):
                later = {r.name for r in group.rules[index + 1 :] if isinstance(r, Recording)}
                later -= {r.name for r in group.rules[: index + 1] if isinstance(r, Recording)}
                expression = of_rule(rule)
                node = expression.node() if later else None
                for selector in selectors(node) if node else ():
                    if selector.metric in later:
                        place = expression.place(selector.offset, selector.length)
                        yield self.finding(place, f"{selector.metric} is recorded below, so this sees the last value")
