"""What a sink can be told to answer instead of the truth: refusals, rate limits, silence, a torn connection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to give in place of the real one. `status` None means that none comes.

    `silent_seconds` holds the answer back that long; `reset` tears the connection down instead of answering.
    """

    status: int | None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent_seconds: float = 0.0
    reset: bool = False

    @classmethod
    def rate_limited(cls, retry_after_seconds: int = 1) -> Answer:
        """HTTP 429 with a Retry-After header."""
        return cls(429, "rate_limited", {"Retry-After": str(retry_after_seconds)})

    @classmethod
    def refused(cls, status: int, body: str = "") -> Answer:
        """Any other status: HTTP 500, SMTP 451, …"""
        return cls(status, body)

    @classmethod
    def timeout(cls, silent_seconds: float = 3600.0) -> Answer:
        """No answer: the connection stays open and silent, then closes."""
        return cls(None, silent_seconds=silent_seconds)

    @classmethod
    def torn(cls) -> Answer:
        """The connection is reset after the request was read."""
        return cls(None, reset=True)


class _Ordered(NamedTuple):
    """An answer and the deliveries it is meant for: those of a lane, or those whose text names something."""

    answer: Answer
    lane: str | None
    naming: str

    def suits(self, lane: str, text: str) -> bool:
        """Whether it is meant for a delivery of this lane with this text."""
        return self.lane in (None, lane) and self.naming in text


class Script:
    """The answers ordered and not yet given, for all lanes or for one; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: deque[_Ordered] = deque()

    def order(self, answers: Iterable[Answer], lane: str | None = None, naming: str = "") -> None:
        """Queue answers for the next deliveries; with `lane` for those of that lane, with `naming` for those whose text
        holds it."""
        with self._lock:
            self._pending.extend(_Ordered(answer, lane, naming) for answer in answers)

    def next(self, lane: str, text: str = "") -> Answer | None:
        """The answer to give now in place of the truth, or None."""
        with self._lock:
            for index, ordered in enumerate(self._pending):
                if ordered.suits(lane, text):
                    del self._pending[index]
                    return ordered.answer
        return None

    def __len__(self) -> int:
        return len(self._pending)
