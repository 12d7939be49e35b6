"""See MissingFor."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Alert, Rules
from harness.languages.promql import Call, selectors, walk
from harness.model import Finding, Severity

_MINUTES = 600.0


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
            if not alert.view["for"] and not _steady(alert):
                yield self.finding(alert.at("alert"), "no `for:`; one bad scrape pages")


def _steady(alert: Alert) -> bool:
    """Whether one lost scrape cannot make it fire: it looks back over minutes, at an age, or at nothing scraped."""
    node = of_rule(alert).node()
    if node is None or alert.severity == "none":
        return node is not None
    looks = [part for part in selectors(node) if part.metric != "ALERTS"]
    windowed = all(part.range_seconds is None or part.range_seconds >= _MINUTES for part in looks)
    instant = any(part.range_seconds is None for part in looks)
    aged = any(isinstance(part, Call) and part.function == "time" for part in walk(node))
    return (windowed and not instant) or aged or not looks
