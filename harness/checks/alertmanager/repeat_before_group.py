"""See RepeatBeforeGroup."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.durations import spoken
from harness.model import Finding, Severity


class RepeatBeforeGroup(Check):
    """A `repeat_interval` below the `group_interval` repeats no sooner than the latter all the same.

    Why: Alertmanager looks at a group once every `group_interval`, and only then repeats what is due.
    Bad: `group_interval: 5m` with `repeat_interval: 1m`. Good: a repeat interval that is a multiple of the other.
    Fix: raise one or lower the other.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the effective intervals of every route that sets one of them."""
        for route in alertmanager.route.walk() if alertmanager.route else ():
            own = [name for name in ("repeat_interval", "group_interval") if route.view[name]]
            repeat, group = route.repeat_interval, route.group_interval
            if own and repeat is not None and group is not None and repeat < group:
                message = f"repeats every {spoken(group)}, not every {spoken(repeat)}: the group interval is longer"
                yield self.finding(route.at(own[0]), message)
