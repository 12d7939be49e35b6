"""See Agreement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

RESTORED_SECONDS = 45.0
"""An alert whose `for` is over when the live stack starts fires there at its third evaluation, once it is restored."""

LOOKED_SECONDS = 5.0
"""Alert states are asked for once a second, on a machine that has other things to do."""

TOLERANCE_SECONDS = 30.0
"""Twice the interval of 15 s: a group is evaluated at a phase of its own on each clock, and so is a target scraped."""


class Agreement(Check):
    """The live stack did what the virtual clock said it would: the same alerts, at the same time, to the same channels.

    Why: what only the virtual clock can show (weeks, weekends, every threshold) is worth as much as its likeness to the
    real servers. How measured: the scenarios of the lanes are played on both. Moments are compared from going live on.
    Explained are: what fired before going live on the virtual clock fires on the live stack once `for` is restored,
    counted from when its Prometheus was up; the waves share one Alertmanager live, so a channel counts if any of the
    waves' messages named the alert in it. How to fix: a difference that is left is a fault of the virtual clock or of
    the live stack, and both timelines are in the history.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every lane that was live and simulated."""
        lanes = {seen.subject: seen for seen in history.of_kind("live")}
        virtual = {seen.subject: seen for seen in history.of_kind("virtual") if seen.data["inhibiting"]}
        alerts = {alert.name: alert for alert in recorded.alerts(context)}
        moments = channels = 0
        largest = 0.0
        for name in lanes:
            if name not in virtual:
                yield Gap(f"{name} was live and was not played on the virtual clock")
                continue
            live, played = lanes[name].data, virtual[name].data
            for differs in self._fired(history, live, played, alerts):
                if isinstance(differs, float):
                    moments, largest = moments + 1, max(largest, differs)
                else:
                    yield differs
            lane = recorded.MAIN if live.get("wave", True) else "storm"
            found = list(self._told(history, lane, played, alerts))
            yield from found
            channels += 0 if found else len(played["expected"])
        if moments and channels:
            yield Proof(
                f"{moments} firings and the channels of {channels} alerts are the same on both clocks; the largest "
                f"difference is {largest:.0f} s; {RESTORED_SECONDS:.0f} s are explained by restoring `for`, "
                f"{TOLERANCE_SECONDS:.0f} s by the phases of scrapes and evaluations",
                samples=moments + channels, services=("prometheus", "alertmanager", "virtualclock"),
                value=round(largest, 1), limit=RESTORED_SECONDS, unit="s",
                evidence=(Evidence("virtual", "all"), Evidence("alert-state", "all")),
            )  # fmt: skip

    def _fired(
        self, history: History, live: Mapping[str, Any], played: Mapping[str, Any], alerts: Mapping[str, Alert]
    ) -> Iterator[Finding | float]:
        """For each alert of a lane how far apart it fired on the two clocks (seconds), or what is not explained."""
        there = _live_firings(history, played["name"], live["live_at"])
        due = {a: at - played["live_at"] for a, at in played["fired"].items() if at <= played["ends"]}
        for name in sorted(set(there) | set(due)):
            rule = alerts.get(name)
            if rule is None:
                continue
            if name not in there or name not in due:
                where = ("on the virtual clock", "live") if name not in there else ("live", "on the virtual clock")
                yield self.finding(rule.at(), f"{name} fires in {played['name']} {where[0]} and never {where[1]}")
                continue
            apart = there[name] - max(0.0, due[name])
            allowed = RESTORED_SECONDS + LOOKED_SECONDS + (TOLERANCE_SECONDS if due[name] > 0 else 0.0)
            allowed += _late(history, live)
            if -TOLERANCE_SECONDS <= apart <= allowed:
                yield abs(apart)
                continue
            how = f"{abs(apart):.0f} s {'later' if apart > 0 else 'earlier'}"
            yield self.finding(
                rule.at("for"),
                f"{name} fired {how} live than on the virtual clock in {played['name']}, explained are {allowed:.0f} s",
            )

    def _told(
        self, history: History, lane: str, played: Mapping[str, Any], alerts: Mapping[str, Alert]
    ) -> Iterator[Finding | Gap]:
        received = recorded.notifications(history, lane)
        told: dict[str, set[str]] = {}
        for message in played["messages"]:
            for name, _, _ in message["alerts"] if message["at"] <= played["ends"] + RESTORED_SECONDS else ():
                told.setdefault(name, set()).add(message["channel"])
        for name in sorted(played["expected"]):
            if name not in alerts:
                continue
            live = {seen.subject for seen in recorded.naming(received, name)}
            if live != told.get(name, set()):
                yield self.finding(
                    alerts[name].at(),
                    f"{name} was told of live in {_listed(live)}, on the virtual clock in "
                    f"{_listed(told.get(name, set()))}",
                )


def _late(history: History, live: Mapping[str, Any]) -> float:
    """Seconds after the planned moment at which the lane's Prometheus was up: until then it restores nothing."""
    booted = history.last("boot", str(live.get("instance", "")))
    return max(0.0, booted.at - live["live_at"]) if booted else 0.0


def _live_firings(history: History, lane: str, live_at: float) -> Mapping[str, float]:
    """When each alert was first seen firing by the Prometheus of a lane, in seconds after going live."""
    found: dict[str, float] = {}
    for seen in history.of_kind("alert-state"):
        if seen.data["by"] == "prometheus" and seen.data["where"] == lane and seen.data["state"] == "firing":
            found.setdefault(seen.subject, seen.at - live_at)
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no channel"
