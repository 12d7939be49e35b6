"""A stand-in for Logstash that lies: it acknowledges lines at once and stores them two seconds later, if it still can.

Run in place of the honest one, so that the harness can be seen to catch it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence

from harness.languages.logstash.event import Event
from harness.services.logstash_server.__main__ import main
from harness.services.logstash_server.engine import Engine

LATE_SECONDS = 2.0
_honest = Engine.settle
_working: set[asyncio.Task[None]] = set()


async def _lie(self: Engine, payloads: Sequence[bytes], decode: Callable[[bytes], Event]) -> None:
    if self._trail:
        self._trail.received(payloads)

    async def later() -> None:
        await asyncio.sleep(LATE_SECONDS)
        await _honest(self, payloads, decode)

    task = asyncio.create_task(later())
    _working.add(task)
    task.add_done_callback(_working.discard)
    await asyncio.sleep(0.05)


if __name__ == "__main__":
    Engine.settle = _lie  # type: ignore[method-assign]
    sys.exit(main())
