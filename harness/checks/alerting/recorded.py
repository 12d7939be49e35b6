"""What the alerting suite recorded, as the questions its verifiers ask of a history."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.contracts import Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.rules import Alert, Rules
from harness.model import History, Observation

MAIN = ""
"""The lane of the Alertmanager that the waves share."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert as Alertmanager held it: since when it fires (Unix seconds)."""

    alert: str
    labels: Mapping[str, str]
    starts_at: float


def alerts(context: Context) -> tuple[Alert, ...]:
    """Every alerting rule of the configuration under test."""
    return tuple(alert for rules in context.documents.of(Rules) for alert in rules.alerts)


def routing(context: Context) -> Route | None:
    """The root of the route tree under test."""
    return next((config.route for config in context.documents.of(Alertmanager) if config.route), None)


def expected(history: History) -> dict[str, Observation]:
    """Alert → the scenario's expectation of it in the waves; the storm's expectations are not in it."""
    return {o.subject: o for o in history.of_kind("expectation") if o.data["lane"] in _waves(history)}


def _waves(history: History) -> set[str]:
    return {str(o.data["instance"]) for o in history.of_kind("live") if o.data.get("wave", True)}


def firings(history: History, instance: str = "alertmanager") -> tuple[Firing, ...]:
    """Every alert an Alertmanager was told of, once per label set."""
    found: dict[tuple[str, str], Firing] = {}
    for seen in history.of_kind("alert-state"):
        if seen.data["by"] == "alertmanager" and seen.data["where"] == instance:
            labels = dict(seen.data["labels"])
            key = (seen.subject, repr(sorted(labels.items())))
            found.setdefault(key, Firing(seen.subject, labels, seconds(seen.data["startsAt"])))
    return tuple(found.values())


def fired(history: History, alert: str) -> bool:
    """Whether any Prometheus held the alert as firing."""
    return any(
        seen.data["by"] == "prometheus" and seen.data["state"] == "firing"
        for seen in history.of_kind("alert-state", alert)
    )


def notifications(history: History, lane: str) -> tuple[Observation, ...]:
    """What the sinks of one Alertmanager received and accepted, in order of receipt."""
    received = (o for o in history.of_kind("notification") if o.data["lane"] == lane and o.data.get("delivered", True))
    return tuple(sorted(received, key=lambda o: o.at))


def naming(received: tuple[Observation, ...], alert: str) -> Iterator[Observation]:
    """Those notifications that name an alert in what a person reads."""
    pattern = re.compile(rf"(?<!\w){re.escape(alert)}(?!\w)")
    return (o for o in received if pattern.search(f"{o.data['title']}\n{o.data['text']}"))


def seconds(timestamp: str) -> float:
    """RFC 3339 with nanoseconds, as Alertmanager writes it, in Unix seconds."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", timestamp).replace("Z", "+00:00")
    return datetime.fromisoformat(text).timestamp()


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); needs one value at least."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[int(rank) - 1]
