"""Receivers that misbehave: what each was told to answer, and how often and when the notification came in the end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.model import History, Observation
from harness.reporters.sections.reading import entries, text

LANE = "receivers"


@dataclass(frozen=True, slots=True)
class Case:
    """One misbehaviour. Counted is what came of its alert at its channel; seconds run from the first try."""

    name: str
    channel: str
    answers: tuple[str, ...]
    always: bool
    tries: int
    delivered: int
    seconds: float | None


def receivers(history: History) -> tuple[Case, ...]:
    """Every case that was played; empty when none was."""
    return tuple(_case(history, seen.subject) for seen in history.of_kind("receiver-case"))


def _case(history: History, name: str) -> Case:
    seen = history.last("receiver-case", name)
    data = seen.data if seen else {}
    channel, alert = text(data, "channel"), text(data, "alert")
    sent = [o for o in history.of_kind("notification", channel) if text(o.data, "lane") == LANE and _about(o, alert)]
    delivered = [o for o in sent if o.data.get("delivered", True)]
    return Case(
        name=name,
        channel=channel,
        answers=tuple(str(one) for one in entries(data, "answers")),
        always=bool(data.get("always")),
        tries=len(sent),
        delivered=len(delivered),
        seconds=delivered[0].at - sent[0].at if delivered else None,
    )


def _about(seen: Observation, alert: str) -> bool:
    return bool(alert) and re.search(rf"(?<!\w){re.escape(alert)}(?!\w)", text(seen.data, "title")) is not None
