"""How much may be under way at once: the bound that makes a slow Elasticsearch slow the Beats down."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

_BYTES_OF_AN_EVENT = 16 * 1024


def cost(payloads: Sequence[bytes]) -> int:
    """How many events these count as: a large one counts as several, so that memory is bounded too."""
    return sum(1 + len(payload) // _BYTES_OF_AN_EVENT for payload in payloads)


class Budget:
    """Handed out in the order it is asked for; more than all of it is granted when nothing else is under way."""

    def __init__(self, events: int) -> None:
        self._limit = events
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, events: int) -> None:
        """Wait until so many events may be added."""
        if not self._waiting and self._fits(events):
            self._used += events
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (events, granted)
        self._waiting.append(entry)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give_back(events)
            elif entry in self._waiting:
                self._waiting.remove(entry)
            raise

    def give_back(self, events: int) -> None:
        """So many events are settled, or given up."""
        self._used -= events
        while self._waiting and self._fits(self._waiting[0][0]):
            waiting, granted = self._waiting.popleft()
            if not granted.done():
                self._used += waiting
                granted.set_result(None)

    @property
    def used(self) -> int:
        """How much is under way."""
        return self._used

    def _fits(self, events: int) -> bool:
        return self._used == 0 or self._used + events <= self._limit
