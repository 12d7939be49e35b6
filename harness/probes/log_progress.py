"""How far lines have come in the pipeline: by the stand-in's trail, or by what Logstash counts and what is stored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import requests

from harness.errors import HarnessError
from harness.probes.log_trail import LogTrail


class LogProgress(Protocol):
    """What is asked about lines that are on their way."""

    trail: LogTrail | None
    """Which lines the hop in the middle was given; None when it does not tell."""

    def begin(self) -> None:
        """From now on lines of another fault are written; all before have drained."""
        ...

    def came(self, ids: Collection[str]) -> int:
        """How many of these lines the pipeline was given."""
        ...

    def settled(self, ids: Collection[str]) -> int:
        """How many of these lines are done with."""
        ...

    def in_hand(self, ids: Collection[str]) -> int:
        """How many of these lines it was given and is not done with."""
        ...


class Trailed:
    """What the stand-in's trail tells, line by line."""

    def __init__(self, trail: LogTrail) -> None:
        self.trail = trail

    def begin(self) -> None:
        """Nothing to do: a trail knows each line."""

    def came(self, ids: Collection[str]) -> int:
        """Lines that were received."""
        return len(set(ids) & self.trail.read().received.keys())

    def settled(self, ids: Collection[str]) -> int:
        """Lines that were settled."""
        return len(set(ids) & self.trail.read().settled)

    def in_hand(self, ids: Collection[str]) -> int:
        """Lines that were received and not settled."""
        trail = self.trail.read()
        return len((set(ids) & trail.received.keys()) - trail.settled)


class Counted:
    """What Logstash counts, and what Elasticsearch holds of the lines. Neither tells which hop has a line.

    `events_in` asks Logstash for the events that came in since it started; `stored` how many of some ids are stored.
    Where nobody answers, because a service is down on purpose, nothing more has come than was known before.
    """

    def __init__(self, events_in: Callable[[], int], stored: Callable[[Collection[str]], int]) -> None:
        self.trail = None
        self._events_in, self._stored = events_in, stored
        self._began = 0
        self._known = 0

    def begin(self) -> None:
        """Count from here on."""
        self._began, self._known = self._asked(0), 0

    def came(self, ids: Collection[str]) -> int:
        """Events that came in since the fault began, as far as they can be these lines."""
        now = self._asked(self._began + self._known)
        if now < self._began:  # it was started again, and counts from nothing
            self._began = 0
        self._known = max(self._known, now - self._began)
        return min(self._known, len(ids))

    def settled(self, ids: Collection[str]) -> int:
        """Lines that are stored."""
        try:
            return self._stored(ids) if ids else 0
        except HarnessError:
            return 0

    def in_hand(self, ids: Collection[str]) -> int:
        """Lines that came in and are not stored."""
        stored = self.settled(ids)
        return max(0, self.came(ids) - stored)

    def _asked(self, otherwise: int) -> int:
        try:
            return self._events_in()
        except (requests.RequestException, ValueError, KeyError):
            return otherwise


def retries(statistics: Mapping[str, Any]) -> int:
    """How often a pipeline had to send to Elasticsearch again: documents that were refused, requests that failed."""
    if "stand_in" in statistics:
        return int(statistics["stand_in"]["retries"])
    return sum(
        int((plugin.get("documents") or {}).get("retryable_failures") or 0)
        + int((plugin.get("bulk_requests") or {}).get("failures") or 0)
        for plugin in statistics["plugins"]["outputs"]
    )


def queued_letters(statistics: Mapping[str, Any]) -> int:
    """How many documents a pipeline put into Logstash's own dead letter queue; the stand-in has none."""
    if "stand_in" in statistics:
        return 0
    return sum(int((one.get("documents") or {}).get("dlq_routed") or 0) for one in statistics["plugins"]["outputs"])
