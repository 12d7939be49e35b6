"""How many events may be under way at once: the bound that makes a slow Elasticsearch slow the Beats down."""

from __future__ import annotations

import asyncio
from collections import deque

from harness.services.logstash_server.counters import Counters


class Budget:
    """Handed out in the order it is asked for; more than all of it is granted when nothing else is under way."""

    def __init__(self, events: int, counters: Counters) -> None:
        self._limit = events
        self._counters = counters
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, events: int) -> None:
        """Wait until so many events may be added."""
        if not self._waiting and self._fits(events):
            self._counters.in_flight += events
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
        self._counters.in_flight -= events
        while self._waiting and self._fits(self._waiting[0][0]):
            waiting, granted = self._waiting.popleft()
            if not granted.done():
                self._counters.in_flight += waiting
                granted.set_result(None)

    def _fits(self, events: int) -> bool:
        return self._counters.in_flight == 0 or self._counters.in_flight + events <= self._limit
