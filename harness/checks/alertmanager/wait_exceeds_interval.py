"""See WaitExceedsInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.durations import spoken
from harness.model import Finding, Severity


class WaitExceedsInterval(Check):
    """`group_wait` is longer than `group_interval`: the first message is slower than the following ones.

    Why: a group's later alerts are told sooner than its first, which is what the two settings are there to prevent.
    Bad: `group_wait: 10m, group_interval: 5m`. Good: a short wait, a longer interval. Fix: shorten the wait.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the two where one of them is set."""
        for route in alertmanager.route.walk() if alertmanager.route else ():
            own = next((name for name in ("group_wait", "group_interval") if route.view[name]), "")
            if own and route.group_wait and route.group_interval and route.group_wait > route.group_interval:
                message = (
                    f"waits {spoken(route.group_wait)}, longer than the interval of {spoken(route.group_interval)}"
                )
                yield self.finding(route.at(own), message)
