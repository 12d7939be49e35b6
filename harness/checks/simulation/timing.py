"""See Timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from harness.checks.simulation import played
from harness.checks.simulation.played import Agreed
from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

SLACK_SECONDS = 5.0


class Timing(Check):
    """The first message, the reminders at any hour of a weekend, and the word that it is over come as was agreed.

    Why: a wait of minutes, a reminder that never comes, a weekend nobody thought of, show only after hours or days.
    How measured: one alert of every route fires on a Friday evening and goes on over the night in which the clocks
    change until Monday morning, on the virtual clock, with Alertmanager's own dispatcher and notification log. A
    reminder comes at the first flush of its group after `repeat_interval`, so up to one `group_interval` later. How to
    fix: the finding names the setting.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every route's weekend, and every derived alert's first message and end."""
        rules, agreed, proven = played.alerts(context), played.agreed(context), 0
        weekends = history.of_kind("weekend")
        if not weekends:
            yield Gap("no alert was kept up over a weekend")
        for seen in weekends:
            alert, entry = rules.get(seen.subject), agreed.get(seen.data["severity"])
            if alert is None or entry is None:
                continue
            route = played.route_of(alert, context)
            found = list(self._weekend(alert, route, entry, seen.data, context))
            yield from found
            proven += 0 if found else len(seen.data["messages"])
        for seen, case in played.cases(history, "recovers"):
            alert = rules.get(seen.subject)
            entry = agreed.get(alert.severity) if alert else None
            if alert and entry and entry.resolved:
                found = list(self._resolved(alert, case, entry, context))
                yield from found
                proven += not found
        if proven:
            yield Proof(
                f"{len(weekends)} routes over a weekend and a change of the clocks: first message, reminders and end "
                "as agreed",
                samples=proven, services=played.CLOCK, evidence=(Evidence("weekend", "all"),),
            )  # fmt: skip

    def _weekend(
        self, alert: Alert, route: Route | None, entry: Agreed, data: Mapping[str, Any], context: Context
    ) -> Iterator[Finding | Gap]:
        if data["fired_at"] is None:
            yield Gap(f"{alert.name} did not fire when it was kept up over a weekend")
            return
        for since, until, by, names in data["muted"]:
            if by == "time interval":
                yield self._asleep(alert, route, data, (since, until, names), context)
                return
        for channel in sorted(entry.channels):
            told = [
                m for m in data["messages"] if m["channel"] == channel and not m["error"] and m["status"] == "firing"
            ]
            if told:
                yield from self._channel(alert, route, entry, data, channel, [m["at"] for m in told])

    def _channel(
        self,
        alert: Alert,
        route: Route | None,
        entry: Agreed,
        data: Mapping[str, Any],
        channel: str,
        moments: Sequence[float],
    ) -> Iterator[Finding]:
        waited = moments[0] - data["fired_at"]
        if entry.first_within is not None and waited > entry.first_within:
            yield self.finding(
                _at(route, "group_wait", alert),
                f"the first message of {alert.name} came {waited:.0f} s after it fired, agreed are "
                f"{entry.first_within:.0f} s: `group_wait` is {_set(route, 'group_wait')}",
                also=(alert.at(),),
            )
        if entry.repeat is None:
            return
        latest = entry.repeat + ((route.group_interval if route else None) or 0.0) + SLACK_SECONDS
        ends = min(data["over_at"] or data["lasts"], data["fired_at"] + data["lasts"])
        for before, after in zip(moments, [*moments[1:], ends], strict=True):
            apart = after - before
            if apart > latest:
                yield self.finding(
                    _at(route, "repeat_interval", alert),
                    f"{alert.name} went on and {channel} was not reminded for {apart / 3600:.1f} h from "
                    f"{_clock(data, before)} on, agreed are {played.spoken(entry.repeat)}: `repeat_interval` is "
                    f"{_set(route, 'repeat_interval')}",
                    also=(alert.at(),),
                )
                return
            if after is not ends and apart < entry.repeat - SLACK_SECONDS:
                yield self.finding(
                    _at(route, "repeat_interval", alert),
                    f"{alert.name} was told of again in {channel} after {apart / 3600:.1f} h, agreed are "
                    f"{played.spoken(entry.repeat)}: `repeat_interval` is {_set(route, 'repeat_interval')}",
                    also=(alert.at(),),
                )
                return

    def _asleep(
        self, alert: Alert, route: Route | None, data: Mapping[str, Any], mute: tuple[Any, Any, Any], context: Context
    ) -> Finding:
        since, until, names = mute
        end = "the end" if until is None else _clock(data, until)
        defined = [
            view.at("name")
            for config in context.documents.of(Alertmanager)
            for name, view in config.time_intervals.items()
            if name in names
        ]
        step = "mute_time_intervals" if route and route.muted_in else "active_time_intervals"
        return self.finding(
            _at(route, step, alert),
            f"{alert.name} is kept quiet by the time interval {', '.join(names)} from {_clock(data, since)} to {end}; "
            f"alerts of severity {alert.severity} are to be heard at any hour",
            also=(*defined, alert.at()),
        )

    def _resolved(
        self, alert: Alert, case: Mapping[str, Any], entry: Agreed, context: Context
    ) -> Iterator[Finding | Gap]:
        if case["what"] != "resolves":
            return
        over = {m["channel"] for m in case["messages"] if m["status"] == "resolved" and not m["error"]}
        route = played.route_of(alert, context)
        for channel in sorted(entry.channels - over):
            yield self.finding(
                _receiver(route, channel, context) or alert.at(),
                f"nobody in {channel} hears that {alert.name} is over: `send_resolved` is not true there",
                also=(alert.at(),),
            )


def _receiver(route: Route | None, channel: str, context: Context) -> Position | None:
    for config in context.documents.of(Alertmanager):
        receiver = config.receiver(route.receiver) if route else None
        for integration in receiver.integrations if receiver else ():
            if integration.channel == channel:
                return integration.view.at("send_resolved")
    return None


def _at(route: Route | None, step: str, alert: Alert) -> Position:
    return route.at(step) if route else alert.at()


def _set(route: Route | None, step: str) -> str:
    value = getattr(route, step) if route else None
    return "not set" if value is None else played.spoken(value)


def _clock(data: Mapping[str, Any], at: float) -> str:
    moment = datetime.fromisoformat(data["begins"]) + timedelta(seconds=at)
    return f"{moment:%A %H:%M} UTC"
