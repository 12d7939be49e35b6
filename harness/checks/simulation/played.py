"""What the simulation suite recorded, and what was agreed, as the questions its verifiers ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Context
from harness.documents.alertmanager import Alertmanager, InhibitRule, Route
from harness.documents.durations import seconds
from harness.documents.rules import Alert, Rules
from harness.model import History, Observation, Position

CLOCK = ("virtualclock",)
"""What a proof of these verifiers rests on: the products' own code, on a clock that jumps."""

_GROUP_LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Agreed:
    """What `fixtures/routing.yml` says of a severity; None or empty where it says nothing. Durations are seconds."""

    channels: frozenset[str]
    first_within: float | None
    repeat: float | None
    resolved: bool
    grouped_by: tuple[str, ...]
    never_muted: bool


def alerts(context: Context) -> Mapping[str, Alert]:
    """Every alerting rule of the configuration under test, by name."""
    return {alert.name: alert for rules in context.documents.of(Rules) for alert in rules.alerts}


def root(context: Context) -> Route | None:
    """The route tree under test."""
    return next((config.route for config in context.documents.of(Alertmanager) if config.route), None)


def inhibit_rules(context: Context) -> Sequence[InhibitRule]:
    """The inhibition rules under test, in file order."""
    return [rule for config in context.documents.of(Alertmanager) for rule in config.inhibit_rules]


def agreed(context: Context) -> Mapping[str, Agreed]:
    """What was agreed for each severity."""
    severities = (context.fixtures.get("routing") or {}).get("severities") or {}
    return {name: _agreed(entry) for name, entry in severities.items()}


def _agreed(entry: Mapping[str, Any]) -> Agreed:
    return Agreed(
        frozenset(entry.get("channels") or ()),
        _duration(entry.get("first_within")),
        _duration(entry.get("repeat")),
        bool(entry.get("resolved")),
        tuple(entry.get("grouped_by") or ()),
        bool(entry.get("never_muted")),
    )


def _duration(text: Any) -> float | None:
    return None if text is None else seconds(str(text))


def cases(history: History, name: str) -> Iterator[tuple[Observation, Mapping[str, Any]]]:
    """Every derived alert's outcome in the case of that name."""
    for seen in history.of_kind("derived"):
        for case in seen.data["cases"]:
            if case["case"] == name:
                yield seen, case


def grouped_by(group: str) -> tuple[str, ...]:
    """The labels in a group's key, which Alertmanager writes as `{}/{severity="warning"}:{component="api", …}`."""
    return tuple(_GROUP_LABEL.findall(group.rpartition("}:{")[2]))


def route_of(alert: Alert, context: Context) -> Route | None:
    """The first route that takes an alert, by the labels its rule gives it."""
    tree = root(context)
    taken = tree.destinations({**alert.labels, "alertname": alert.name}) if tree else ()
    return taken[0] if taken else None


def spoken(value: float) -> str:
    """A duration as a configuration writes it."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("m", 60.0)):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:.0f}s"


def place(seen: Observation) -> Position:
    """Where something that was recorded stands."""
    return Position(seen.data["file"], seen.data["line"], seen.data.get("column", 1))
