"""The only file that sleeps. Every wait has a deadline and says what it waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from harness.errors import DeadlineError

T = TypeVar("T")


def until(
    condition: Callable[[], T],
    *,
    deadline: float,
    saying: str,
    every: float = 0.1,
    seen: Callable[[], str] | None = None,
) -> T:
    """Ask `condition` until it answers something true, and return that answer.

    `deadline` is in seconds from now; `saying` completes "waited N s for …"; `seen` tells what was there at the end.
    Raises DeadlineError.
    """
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= end:
            last = f"; last seen: {seen()}" if seen else ""
            raise DeadlineError(f"waited {deadline:g} s for {saying}{last}")
        time.sleep(min(every, max(0.0, end - time.monotonic())))


def pause(seconds: float) -> None:
    """Let `seconds` pass because the schedule says so (pacing a replay), never in place of a condition."""
    if seconds > 0:
        time.sleep(seconds)
