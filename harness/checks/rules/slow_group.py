"""See SlowGroup."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import spoken
from harness.documents.rules import Rules
from harness.model import Finding, Severity

_STALE_AFTER_SECONDS = 300.0


class SlowGroup(Check):
    """A group evaluated less often than every five minutes makes its results disappear in between.

    Why: Prometheus takes a series for gone five minutes after its last sample, so recorded series have holes and alerts
    resolve. Bad: `interval: 10m`. Good: `interval: 5m` or less.
    Fix: evaluate more often, or record over a longer window.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each group's interval with the staleness limit."""
        for group in rules.groups:
            if group.interval and group.interval > _STALE_AFTER_SECONDS:
                message = f"every {spoken(group.interval)} is longer than the 5m after which a series counts as gone"
                yield self.finding(group.view.at("interval"), message)
