"""What a sink understood of one delivery, and how it is written into the history: the same shape for every protocol."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.contracts import Recorder

# What Go's text/template prints for a field that is not there: the template was written for other data.
_TEMPLATE_LEFTOVERS = ("<no value>", "%!s(", "%!v(", "<nil>", "{{")


@dataclass(frozen=True, slots=True)
class Receipt:
    """One notification as it arrived.

    `at` is when its last byte arrived; `channel` is where a person would see it (`slack #name`, `email`, `pagerduty`);
    `status` is what was answered, None when nothing was. It is delivered when the sender was told so.
    """

    at: float
    channel: str
    lane: str
    status: int | None
    title: str
    text: str
    payload: Any
    problems: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def delivered(self) -> bool:
        """Whether the sender was told that a person will see it."""
        return self.status is not None and 200 <= self.status < 300

    def record(self, recorder: Recorder, sink: str) -> None:
        """Append it to the history as a `notification`."""
        problems = [*self.problems, *leftovers(f"{self.title}\n{self.text}")]
        data = {
            **self.details,
            "lane": self.lane,
            "sink": sink,
            "status": self.status,
            "delivered": self.delivered,
            "title": self.title,
            "text": self.text,
            "payload": self.payload,
            "valid": not problems,
            "problems": problems,
        }
        recorder.record("notification", self.channel, data, at=self.at)


def answered(recorder: Recorder, sink: str, channel: str, lane: str, began: float) -> None:
    """Append how long one delivery took at the sink, from `began` (Unix seconds) to the end of its answer: now."""
    ended = time.time()
    recorder.record(
        "notification-answered", channel, {"lane": lane, "sink": sink, "seconds": max(0.0, ended - began)}, at=ended
    )


def leftovers(text: str) -> tuple[str, ...]:
    """What an unfinished or mistaken notification template leaves in the text a person reads."""
    return tuple(f"the text holds {mark!r}, left by a template" for mark in _TEMPLATE_LEFTOVERS if mark in text)
