"""What the receivers suite recorded, and what Alertmanager is known to do with each answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.contracts import Context
from harness.documents.alertmanager import Alertmanager, Integration, Route
from harness.documents.durations import seconds
from harness.model import History, Observation, Position

LANE = "receivers"
INSTANCE = "alertmanager-receivers"
CONFIG = "config/alertmanager/config.yml"

LONGEST_BACKOFF_SECONDS = 0.75
"""Alertmanager 0.31 waits 0.5 s ± 50 % before its second try, and each time half as much again."""
BACKOFF_GROWTH = 1.5
RETRIED_TOO = {"pagerduty": (429,)}
"""Statuses below 500 that Alertmanager 0.31 tries again by itself; Slack's 429 is not among them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One misbehaviour that was tried: by which alert, on which channel, and how it answered."""

    name: str
    alert: str
    labels: Mapping[str, str]
    channel: str
    others: tuple[str, ...]
    answers: tuple[int | str, ...]
    always: bool
    at: float

    @property
    def kind(self) -> str:
        """slack, email, pagerduty."""
        return self.channel.split()[0]

    def retried(self, answer: int | str) -> bool:
        """Whether Alertmanager tries again at once, or leaves it to the group's next flush."""
        if self.kind == "email" or isinstance(answer, str):
            return True
        return answer >= 500 or answer in RETRIED_TOO.get(self.kind, ())


def cases(history: History) -> tuple[Case, ...]:
    """Every case, in the order it was tried."""
    return tuple(_case(seen) for seen in history.of_kind("receiver-case"))


def _case(seen: Observation) -> Case:
    data = seen.data
    return Case(
        seen.subject,
        data["alert"],
        data["labels"],
        data["channel"],
        tuple(data["others"]),
        tuple(data["answers"]),
        data["always"],
        seen.at,
    )


def tries(history: History, case: Case, channel: str, *, resolved: bool = False) -> tuple[Observation, ...]:
    """Every delivery of a case's alert that a channel saw, taken or not, in order; of its firing or of its end."""
    named = re.compile(rf"(?<!\w){re.escape(case.alert)}(?!\w)")
    seen = (o for o in history.of_kind("notification", channel) if o.data["lane"] == LANE)
    ours = (o for o in seen if named.search(f"{o.data['title']}\n{o.data['text']}"))
    return tuple(sorted((o for o in ours if _closes(o) is resolved), key=lambda o: o.at))


def _closes(seen: Observation) -> bool:
    """Whether it says that the alert is over. A page says so; a message by the word in its title."""
    return seen.data.get("action") == "resolve" or "RESOLVED" in str(seen.data["title"]).upper()


def taken(seen: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """Those of which the sender was told that they arrived."""
    return tuple(o for o in seen if o.data["delivered"])


def predicted_seconds(case: Case, route: Route, timeout_seconds: float) -> float | None:
    """The longest it may take from the first try to the one that is taken, or None when the route does not tell.

    `timeout_seconds` is the integration's own; without one (0) Alertmanager waits until the group's next flush.
    """
    if route.group_interval is None:
        return None
    passed, backoff, flushes = 0.0, LONGEST_BACKOFF_SECONDS, 0
    for answer in case.answers:
        gives_up = not case.retried(answer) or (answer == "silence" and not timeout_seconds)
        if gives_up:
            flushes += 1
            passed, backoff = flushes * route.group_interval, LONGEST_BACKOFF_SECONDS
        else:
            passed += backoff + (timeout_seconds if answer == "silence" else 0.0)
            backoff *= BACKOFF_GROWTH
    return passed


def taken_by(case: Case, context: Context) -> tuple[Route | None, Integration | None]:
    """The route the case's alert ends in, and the integration that misbehaves, as the configuration has them."""
    for config in context.documents.of(Alertmanager):
        for route in config.destinations(case.labels):
            receiver = config.receiver(route.receiver)
            for integration in receiver.integrations if receiver else ():
                if integration.channel == case.channel:
                    return route, integration
    return None, None


def timeout_of(integration: Integration) -> float:
    """How long it waits for an answer by its own setting, in seconds; 0 when it has none."""
    return seconds(integration.view.text("timeout") or "0s") or 0.0


def place(case: Case, context: Context) -> Position:
    """Where the channel that misbehaves is configured."""
    integration = taken_by(case, context)[1]
    return integration.view.at() if integration else Position(CONFIG)


def left_out(history: History) -> Iterator[str]:
    """Why a case was not tried."""
    for seen in history.of_kind("receiver-case-left-out"):
        yield f"{seen.subject}: no alert is left that goes to a {seen.data['channel']} channel"
