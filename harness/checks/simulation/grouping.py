"""See Grouping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.documents.alertmanager import Route
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

EARLY_SECONDS = 1.0
"""How much earlier than its interval a flush may seem, because moments are rounded."""


class Grouping(Check):
    """Alerts that belong together come as one message, those that do not apart, and no message comes twice.

    Why: a storm that is not grouped is a message for every alert; one grouped by nothing is a single message in which
    everything new waits for the interval. How measured: in every scenario on the virtual clock, the labels of each
    message's group are compared with what was agreed, its alerts with each other, and the time between messages of a
    group with `group_interval`; an alert alone, pushed by Prometheus every minute, may be told of only once. How to
    fix: the finding names the route's setting.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every message of every scenario, then every alert alone."""
        rules, seen_groups, together = played.alerts(context), 0, 0
        reported: set[tuple[str, str]] = set()
        for seen in history.of_kind("virtual"):
            for group, messages in _by_group(seen.data["messages"]).items():
                found = list(self._group(group, messages, rules, context, reported))
                yield from found
                seen_groups += 0 if found else 1
                together += sum(len(m["alerts"]) > 1 for m in messages) if not found else 0
        pushed = 0
        for seen, case in played.cases(history, "fires"):
            alert = rules.get(seen.subject)
            found = list(self._twice(alert, case, context)) if alert else []
            yield from found
            pushed += 0 if found else 1
        if not seen_groups:
            yield Gap("no message was seen in any scenario, so nothing is known of their grouping")
        else:
            yield Proof(
                f"{seen_groups} groups of messages as agreed, {together} messages with several alerts; {pushed} alerts "
                "pushed every minute were told of once",
                samples=seen_groups + pushed, services=played.CLOCK, evidence=(Evidence("virtual", "all"),),
            )  # fmt: skip

    def _group(
        self,
        group: str,
        messages: list[Mapping[str, Any]],
        rules: Mapping[str, Alert],
        context: Context,
        reported: set[tuple[str, str]],
    ) -> Iterator[Finding]:
        alert = rules.get(messages[0]["alerts"][0][0]) if messages[0]["alerts"] else None
        entry = played.agreed(context).get(alert.severity) if alert else None
        if alert is None or entry is None:
            return
        tree = played.root(context)
        taken = tree.destinations(messages[0]["labels"]) if tree else ()
        route = taken[0] if taken else None
        labels = played.grouped_by(group)
        if entry.grouped_by and set(labels) != set(entry.grouped_by) and (alert.severity, group[:40]) not in reported:
            reported.add((alert.severity, group[:40]))
            yield self.finding(
                route.at("group_by") if route else alert.at(),
                f"alerts of severity {alert.severity} are grouped by {_listed(labels)}, agreed is "
                f"{_listed(entry.grouped_by)}: one message told of {_listed(_names(messages))}",
                also=(alert.at(),),
            )
        yield from self._intervals(group, messages, route, alert)

    def _intervals(
        self, group: str, messages: list[Mapping[str, Any]], route: Route | None, alert: Alert
    ) -> Iterator[Finding]:
        """Two messages of a group in one channel lie at least its `group_interval` apart, unless the group was over."""
        least = (route.group_interval if route else None) or 0.0
        last: dict[str, Mapping[str, Any]] = {}
        for message in messages:
            before = last.get(message["channel"])
            last[message["channel"]] = message
            if before is None or message["reason"] == "first" or before["status"] == "resolved":
                continue
            if message["at"] - before["at"] < least - EARLY_SECONDS:
                yield self.finding(
                    route.at("group_interval") if route else alert.at(),
                    f"two messages of {group} came {message['at'] - before['at']:.0f} s apart in {message['channel']}, "
                    f"`group_interval` is {played.spoken(least)}",
                    also=(alert.at(),),
                )
                return

    def _twice(self, alert: Alert, case: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        """While nothing but the same push comes again, there is one message in each channel."""
        if case["resolved_at"] is not None:
            return  # it came and went meanwhile, so more than one is right
        told: dict[str, int] = {}
        for message in case["messages"]:
            told[message["channel"]] = told.get(message["channel"], 0) + 1
        for channel, count in sorted(told.items()):
            if count > 1:
                route = played.route_of(alert, context)
                yield self.finding(
                    route.at() if route else alert.at(),
                    f"{alert.name} was told of {count} times in {channel} within {case['lasts']:.0f} s",
                    also=(alert.at(),),
                )


def _by_group(messages: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for message in messages:
        found.setdefault(message["group"], []).append(message)
    return found


def _names(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for message in messages for name, _, _ in message["alerts"]))


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(listed[:4])
    return (f"{shown} and {len(listed) - 4} more" if len(listed) > 4 else shown) or "nothing"
