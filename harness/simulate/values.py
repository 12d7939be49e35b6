"""What came of a simulation, as frozen values. Every moment is in seconds since the first incident began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Transition:
    """An alert of Prometheus changed its state: inactive, pending, firing or resolved."""

    at: float
    alert: str
    group: str
    labels: Mapping[str, str]
    was: str
    state: str
    since: float
    value: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One alert in a message."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: str
    starts_at: float
    ends_at: float | None

    @property
    def alert(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of Alertmanager as its receiver would have got it.

    `reason` is first, changed, repeat or resolved; `channel` is what a person would see: `slack #name`, `email`, …;
    `message` is all that was sent. An `error` means that it was not.
    """

    at: float
    receiver: str
    integration: str
    group: str
    status: str
    reason: str
    channel: str
    title: str
    text: str
    alerts: tuple[Told, ...]
    truncated: bool = False
    error: str = ""
    html: str = ""
    message: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its alerts, each once, in order."""
        return tuple(dict.fromkeys(told.alert for told in self.alerts))


@dataclass(frozen=True, slots=True)
class Mute:
    """An alert of a group was kept quiet: by inhibition, a silence or a time interval.

    Alertmanager asks when a group's timer is due; `since` and `until` are such moments. `until` is None when it was
    muted to the end.
    """

    since: float
    until: float | None
    alert: str
    labels: Mapping[str, str]
    receiver: str
    group: str
    by: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """Something else that happened: an event of the scenario, or a warning of a product."""

    at: float
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that happened in a simulation, each kind in order of time.

    `begins` is when the first incident began on the virtual clock, `lead_seconds` what was simulated before.
    """

    title: str
    begins: datetime
    lead_seconds: float
    duration_seconds: float
    transitions: tuple[Transition, ...] = ()
    notifications: tuple[Notification, ...] = ()
    mutes: tuple[Mute, ...] = ()
    reported: tuple[Reported, ...] = ()
    work: Mapping[str, int] = field(default_factory=dict)
    wall_seconds: float = field(default=0.0, compare=False)

    def moment(self, at: float) -> datetime:
        """The virtual date of an offset."""
        return self.begins + timedelta(seconds=at)

    def fired(self) -> Mapping[str, float]:
        """When each alert fired first."""
        first: dict[str, float] = {}
        for transition in self.transitions:
            if transition.state == "firing":
                first.setdefault(transition.alert, transition.at)
        return first

    def told(self, alert: str) -> tuple[Notification, ...]:
        """The messages that name an alert."""
        return tuple(n for n in self.notifications if not n.error and alert in n.names)

    def channels(self, alert: str) -> frozenset[str]:
        """Where an alert was told of."""
        return frozenset(n.channel for n in self.told(alert))

    def muted(self, by: str = "inhibition") -> frozenset[str]:
        """The alerts that were muted that way."""
        return frozenset(mute.alert for mute in self.mutes if mute.by == by)
