"""See IntervalNever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.time_intervals import Reach, reach
from harness.model import Finding


class IntervalNever(Check):
    """A route is muted at all times, or by an interval that never comes.

    Why: the first notifies nobody, ever; the second looks like quiet nights and is none.
    Bad: `mute_time_intervals: [always]` where the interval has no bounds, `days_of_month: ["30"], months: [february]`.
    Good: an interval that begins and ends. Fix: correct the interval, or take it from the route.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Work out how far each interval that a route names reaches."""
        known = {name: reach(view) for name, view in alertmanager.time_intervals.items()}
        for route in alertmanager.route.walk() if alertmanager.route else ():
            for field, index, message in _faults(route, known):
                yield self.finding(route.at(field, index), message)


def _faults(route: Route, known: dict[str, Reach]) -> Iterator[tuple[str, int, str]]:
    for index, name in enumerate(route.muted_in):
        if name in known and known[name].always:
            yield "mute_time_intervals", index, f"{name} is always in force: this route never notifies"
        elif name in known and known[name].never:
            yield "mute_time_intervals", index, f"{name} never comes: it mutes nothing"
    active = [known.get(name) for name in route.active_in]
    if active and all(one is not None and one.never for one in active):
        yield "active_time_intervals", 0, "none of these intervals ever comes: this route never notifies"
