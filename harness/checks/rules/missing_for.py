"""See MissingFor."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class MissingFor(Check):
    """An alert without `for:` pages on one bad scrape.

    Why: a lost scrape or a restart makes the expression true for one evaluation, and somebody is woken for nothing.
    Bad: `alert: Down, expr: up == 0`. Good: the same with `for: 2m`.
    Fix: say how long it must hold; where one sample is reason enough, say so with `for: 0m`.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at every alert for the field."""
        for alert in rules.alerts:
            if not alert.view["for"]:
                yield self.finding(alert.at("alert"), "no `for:`; one bad scrape pages")
