"""See ShortFor."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import spoken
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class ShortFor(Check):
    """A `for:` shorter than the evaluation interval waits for a whole interval all the same.

    Why: an alert can only become firing at an evaluation, so `for: 5s` under a 1m evaluation means one minute.
    Bad: `for: 5s` with `evaluation_interval: 1m`. Good: `for: 1m`, or `for: 0s`.
    Fix: write what happens, or evaluate the group more often.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each `for` with its group's interval."""
        configurations = context.documents.of(Prometheus)
        default = configurations[0].evaluation_interval if configurations else None
        intervals = {group.name: group.interval or default for group in rules.groups}
        for alert in rules.alerts:
            interval = intervals.get(alert.group)
            if interval and alert.duration and alert.duration < interval:
                message = f"waits {spoken(interval)} in truth: the group is evaluated no more often than that"
                yield self.finding(alert.at("for"), message)
