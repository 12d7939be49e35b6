"""Where the time of a notification goes: from the sample that crossed the threshold to the last byte in the channel.

Pure: the moments come from the recorded history, the longest each step may take from the configuration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.contracts import Documents
from harness.documents.alertmanager import Alertmanager
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Alert, Group, Rules
from harness.model import History, Observation

STEPS = ("scraped", "evaluated", "held", "sent", "grouped", "delivered")
"""What the time is spent on: waiting for the scrape, for the evaluation, for `for`; on the way to Alertmanager, in its
group, on the way to the channel."""


COUNT = "alertmanager_notification_latency_seconds_count"
SUM = "alertmanager_notification_latency_seconds_sum"
INTEGRATIONS = {"slack": "slack", "pagerduty": "pagerduty", "smtp": "email"}
"""Sink → Alertmanager's name of what speaks to it."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Budget:
    """The longest the configuration lets each step of an alert take, in seconds.

    `group_interval` is what a group that has been notified before waits in place of `group_wait`.
    """

    alert: str
    scrape: float
    evaluation: float
    hold: float
    group_wait: float
    group_interval: float

    @property
    def total(self) -> float:
        """From the sample to the flush of a new group; sending and delivering come on top."""
        return self.scrape + self.evaluation + self.hold + self.group_wait


@dataclass(frozen=True, slots=True)
class Journey:
    """One alert's way to one channel: when it was where, in Unix seconds; None where nobody saw it."""

    alert: str
    severity: str
    instance: str
    channel: str
    crossed: float | None
    scraped: float | None
    pending: float | None
    firing: float
    received: float | None
    flushed: float | None
    arrived: float
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def moments(self) -> tuple[float | None, ...]:
        """Its moments in order."""
        return (
            self.crossed,
            self.scraped,
            self.pending,
            self.firing,
            self.received,
            self.flushed,
            self.arrived,
        )

    @property
    def steps(self) -> dict[str, float | None]:
        """Step → seconds, None when one of its ends was not seen."""
        ends = zip(STEPS, self.moments, self.moments[1:], strict=False)
        return {name: None if a is None or b is None else b - a for name, a, b in ends}

    @property
    def complete(self) -> bool:
        """Whether every moment was seen."""
        return None not in self.moments


def budgets(documents: Documents) -> Mapping[str, Budget]:
    """Alert → what the configuration predicts for it."""
    found = {}
    for prometheus in documents.of(Prometheus)[:1]:
        for rules in documents.of(Rules):
            for group in rules.groups:
                for alert in group.rules:
                    if isinstance(alert, Alert):
                        found[alert.name] = _budget(alert, group, prometheus, documents)
    return found


def _budget(alert: Alert, group: Group, prometheus: Prometheus, documents: Documents) -> Budget:
    asked = [job for job in prometheus.jobs if re.search(rf'"{re.escape(job.name)}"', alert.expr)] or prometheus.jobs
    evaluation = group.interval or prometheus.evaluation_interval
    labels = {**prometheus.external_labels, **alert.labels, "alertname": alert.name}
    routes = [route for config in documents.of(Alertmanager) for route in config.destinations(labels)]
    return Budget(
        alert.name,
        max((job.interval for job in asked), default=prometheus.scrape_interval),
        evaluation,
        math.ceil((alert.duration or 0.0) / evaluation) * evaluation,
        max((route.group_wait or 0.0 for route in routes), default=0.0),
        max((route.group_interval or 0.0 for route in routes), default=0.0),
    )


def journeys(history: History) -> tuple[Journey, ...]:
    """Every alert's way to every channel of every Alertmanager, as far as it was recorded, in order of firing."""
    found: list[Journey] = []
    ways: dict[str, _Ways] = {}
    for (instance, _), held in _held(history).items():
        if instance not in ways:
            ways[instance] = _ways(history, instance)
        found.extend(_journeys(ways[instance], held))
    return tuple(sorted(found, key=lambda j: (j.firing, j.alert, j.channel)))


def lane_of(instance: str) -> str:
    """The lane of the sinks that an Alertmanager has: the rest of its name."""
    return instance.removeprefix("alertmanager").lstrip("-")


def _held(history: History) -> dict[tuple[str, str], Observation]:
    """The first time each Alertmanager was seen holding each alert."""
    found: dict[tuple[str, str], Observation] = {}
    for seen in history.of_kind("alert-state"):
        if seen.data["by"] == "alertmanager":
            found.setdefault((str(seen.data["where"]), repr(sorted(seen.data["labels"].items()))), seen)
    return found


@dataclass(frozen=True, slots=True)
class _Ways:
    """What is the same for all alerts of one Alertmanager, gathered once: there may be hundreds.

    `live` is when the last lane that notifies it knew it, `crossings` what was found out of each alert's first sample.
    """

    instance: str
    live: float
    crossings: Mapping[str, tuple[Mapping[str, Any], ...]]
    received: _Deliveries


def _ways(history: History, instance: str) -> _Ways:
    storm = bool(lane_of(instance))
    crossings: dict[str, tuple[Mapping[str, Any], ...]] = {}
    # Only the waves go live before their incidents cross anything.
    for seen in () if storm else history.of_kind("alert-crossing"):
        crossings[seen.subject] = (*crossings.get(seen.subject, ()), seen.data)
    live = max((o.at for o in history.of_kind("live") if bool(o.data.get("wave", True)) is not storm), default=0.0)
    return _Ways(instance, live, crossings, _deliveries(history, instance))


def _journeys(ways: _Ways, held: Observation) -> Iterator[Journey]:
    labels, firing = held.data["labels"], moment(held.data["startsAt"])
    if firing < ways.live:
        return  # sent before Prometheus knew its Alertmanager: what followed is its resend delay
    crossing = _crossing(ways.crossings.get(held.subject, ()), labels)
    updated = held.data.get("updatedAt")
    for channel, seen in ways.received.first(held.subject, firing).items():
        yield Journey(
            held.subject,
            labels.get("severity", ""),
            ways.instance,
            channel,
            crossing.get("crossed"),
            crossing.get("scraped"),
            crossing.get("pending"),
            firing,
            moment(updated) if updated else None,
            seen.data.get("began"),
            seen.at,
            labels,
        )


def _crossing(found: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> Mapping[str, Any]:
    """The sample that began it; nothing when the incident began before going live."""
    return next(
        (one for one in found if one["scraped"] is not None and set(one["labels"].items()) <= set(labels.items())), {}
    )


@dataclass(frozen=True, slots=True)
class _Deliveries:
    """What one Alertmanager's channels received, in order, read once: there may be hundreds of alerts to look for.

    `read` is each delivery with its text, `naming` the places in it where a word occurs.
    """

    read: tuple[tuple[Observation, str], ...]
    naming: Mapping[str, tuple[int, ...]]

    def first(self, alert: str, firing: float) -> dict[str, Observation]:
        """The first delivery that names the alert since it fires, by channel."""
        found: dict[str, Observation] = {}
        for place in self._naming(alert):
            seen = self.read[place][0]
            if seen.at >= firing:
                found.setdefault(seen.subject, seen)
        return found

    def _naming(self, alert: str) -> Iterable[int]:
        if _WORD.fullmatch(alert):
            return self.naming.get(alert, ())
        whole = re.compile(rf"(?<!\w){re.escape(alert)}(?!\w)")
        return (place for place, (_, text) in enumerate(self.read) if whole.search(text))


def _deliveries(history: History, instance: str) -> _Deliveries:
    lane = lane_of(instance)
    received = (o for o in history.of_kind("notification") if o.data["lane"] == lane and o.data.get("delivered", True))
    read = tuple((o, f"{o.data['title']}\n{o.data['text']}") for o in sorted(received, key=lambda o: o.at))
    naming: dict[str, list[int]] = {}
    for place, (_, text) in enumerate(read):
        for word in frozenset(_WORD.findall(text)):
            naming.setdefault(word, []).append(place)
    return _Deliveries(read, {word: tuple(places) for word, places in naming.items()})


def moment(timestamp: str) -> float:
    """RFC 3339 with nanoseconds, as Prometheus and Alertmanager write it, in Unix seconds."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", timestamp).replace("Z", "+00:00")
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True, slots=True)
class Compared:
    """One integration of one Alertmanager: deliveries and mean duration (seconds), as either side tells."""

    instance: str
    integration: str
    alertmanager_count: int
    sink_count: int
    alertmanager_seconds: float
    sink_seconds: float

    @property
    def apart_seconds(self) -> float:
        """By how much the means differ."""
        return abs(self.alertmanager_seconds - self.sink_seconds)

    @property
    def told(self) -> str:
        """Both sides in one line."""
        own, sink = self.alertmanager_seconds * 1000, self.sink_seconds * 1000
        return f"{self.instance} {self.integration} {own:.1f} ms, sink {sink:.1f} ms ({self.sink_count})"


def compare(history: History) -> Iterator[Compared]:
    """Both sides of every integration that delivered anything, by Alertmanager."""
    for seen in history.of_kind("alertmanager-figures"):
        lane = lane_of(seen.subject)
        if lane == "receivers":
            continue  # what misbehaves on purpose is no measure
        figures: Mapping[str, Mapping[str, float]] = seen.data["figures"]
        sums: dict[str, list[float]] = {}
        for one in history.of_kind("notification-answered"):
            if one.data["lane"] == lane and one.at <= seen.at:
                sums.setdefault(INTEGRATIONS[one.data["sink"]], []).append(float(one.data["seconds"]))
        for name in sorted({*sums, *figures.get(COUNT, {})}):
            counted, durations = int(figures.get(COUNT, {}).get(name, 0)), sums.get(name, [])
            own = figures.get(SUM, {}).get(name, 0.0) / counted if counted else 0.0
            mean = sum(durations) / len(durations) if durations else 0.0
            yield Compared(seen.subject, name, counted, len(durations), own, mean)


def clock_step_seconds(history: History) -> float | None:
    """By how much the wall clock was set while alerts were followed, against one that only runs; None if unknown."""
    began, ended = history.last("clock", "began"), history.last("clock", "ended")
    if began is None or ended is None:
        return None
    passed = {name: float(ended.data[name]) - float(began.data[name]) for name in ("wall", "monotonic")}
    return passed["wall"] - passed["monotonic"]
