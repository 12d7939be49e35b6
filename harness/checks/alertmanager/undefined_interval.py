"""See UndefinedInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class UndefinedInterval(Check):
    """A route is muted or active in a time interval that does not exist: the configuration is refused.

    Why: Alertmanager checks it when it loads. Bad: `mute_time_intervals: [weekends]` without such an interval.
    Good: a name listed under `time_intervals`. Fix: correct the name, or define it.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look up every interval that a route names."""
        for route in alertmanager.route.walk() if alertmanager.route else ():
            for field, names in (("mute_time_intervals", route.muted_in), ("active_time_intervals", route.active_in)):
                for index, name in enumerate(names):
                    if name not in alertmanager.time_intervals:
                        hint = nearest(name, alertmanager.time_intervals)
                        yield self.finding(route.at(field, index), f"no time interval is called {name}{hint}")
