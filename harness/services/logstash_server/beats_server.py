"""The beats input: takes windows from Beats, has them settled, and acknowledges what is settled, in order.

Nothing is acknowledged before it is stored. While a Beat waits it is told every few seconds that work goes on; what a
connection leaves unacknowledged when it ends, the Beat sends again.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.languages.logstash.settings import Plugin
from harness.services.logstash_server import beats_tls, lumberjack
from harness.services.logstash_server.beats_event import EventMaker
from harness.services.logstash_server.budget import Budget, cost
from harness.services.logstash_server.counters import Counters
from harness.services.logstash_server.engine import Engine
from harness.services.logstash_server.journal import Journal

_READ_BYTES = 1024 * 1024
KEEPALIVE_SECONDS = 3.0  # a Beat gives a silent connection up after its own `timeout`, 30 s unless set


@dataclass(slots=True)
class _Batch:
    """Part of a window being settled, the sequence number its end acknowledges, and whether it ends the window."""

    task: asyncio.Task[None]
    sequence: int
    events: int
    last: bool


class BeatsServer:
    """One beats input, listening."""

    def __init__(
        self,
        plugin: Plugin,
        engine: Engine,
        budget: Budget,
        counters: Counters,
        journal: Journal,
        *,
        ecs: bool,
        batch_events: int,
    ) -> None:
        options = plugin.options
        self.maker = EventMaker(plugin, ecs)
        self._tls = beats_tls.context(plugin)
        self.engine, self.budget, self.counters, self.journal = engine, budget, counters, journal
        self.batch_events = batch_events
        self.inactivity_seconds = float(options.get("client_inactivity_timeout") or 60)
        self._handshake_seconds = float(options.get("ssl_handshake_timeout") or 10_000) / 1000
        self.address: tuple[str, int] = ("", 0)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.closing = asyncio.Event()

    @property
    def listening(self) -> bool:
        """Whether Beats can connect."""
        return self._server is not None and self._server.is_serving()

    async def start(self, host: str, port: int) -> None:
        """Listen; `address` then tells where. Raises OSError."""
        timeout = self._handshake_seconds if self._tls else None
        self._server = await asyncio.start_server(
            self._accepted, host, port, ssl=self._tls, ssl_handshake_timeout=timeout, limit=_READ_BYTES
        )
        self.address = self._server.sockets[0].getsockname()[:2]

    async def stop(self, grace_seconds: float) -> None:
        """Take nothing more, acknowledge what gets settled within the grace, and leave the rest to be sent again."""
        if self._server is not None:
            self._server.close()
        self.closing.set()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace_seconds)
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.counters.connected()
        try:
            await _Connection(self, reader, writer).serve()
        except (lumberjack.ProtocolError, ValueError) as error:
            self.counters.protocol_errors += 1
            self.journal.warn("A connection was closed: it does not speak the Beats protocol", reason=str(error))
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            pass  # the Beat went away, or we do; it sends again what was not acknowledged
        except Exception as error:
            self.journal.error("A connection was closed: its events could not be settled", reason=repr(error))
        finally:
            self._connections.discard(task)
            self.counters.connections -= 1
            writer.close()


class _Connection:
    """One Beat: a reader that starts batches, and an acknowledger that follows them in order."""

    def __init__(self, server: BeatsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader, self._writer = reader, writer
        self._receiver = lumberjack.Receiver()
        self._batches: asyncio.Queue[_Batch | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._acknowledged = 0
        address = str((writer.get_extra_info("peername") or ("",))[0])
        self._decode = server.maker.decoder(beats_tls.peer(address, writer.get_extra_info("ssl_object")))

    async def serve(self) -> None:
        """Until the Beat leaves, is idle for too long, breaks the protocol, or the server stops."""
        reading = asyncio.create_task(self._read())
        acknowledging = asyncio.create_task(self._acknowledge())
        closing = asyncio.create_task(self._server.closing.wait())
        try:
            await asyncio.wait({reading, acknowledging, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not (reading.done() or acknowledging.done()):
                # The server stops: what was begun is still settled and acknowledged, nothing more is begun.
                reading.cancel()
                await asyncio.wait({reading})
                self._batches.put_nowait(None)
                await asyncio.wait({acknowledging})
            for task in (acknowledging, reading):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            # A Beat that left sends again what it has no acknowledgement for: going on would only store it twice.
            tasks: list[asyncio.Task[Any]] = [reading, acknowledging, closing, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._server.inactivity_seconds):
                    data = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                if self._pending:
                    continue
                return
            if not data:
                return
            for window in self._receiver.feed(data):
                await self._start(window)

    async def _start(self, window: lumberjack.Window) -> None:
        """Begin to settle a window in batches; waits while too much is under way, and with it the Beat."""
        self._server.counters.windows += 1
        self._pending += len(window.payloads)
        for start in range(0, len(window.payloads), self._server.batch_events):
            payloads = window.payloads[start : start + self._server.batch_events]
            await self._server.budget.take(cost(payloads))
            self._server.counters.in_flight += len(payloads)
            task = asyncio.create_task(self._server.engine.settle(payloads, self._decode))
            # A callback, because a task that is cancelled before its first step runs no `finally`.
            task.add_done_callback(partial(self._settled, payloads))
            self._tasks.add(task)
            end = start + len(payloads)
            self._batches.put_nowait(
                _Batch(task, window.sequences[end - 1], len(payloads), end == len(window.payloads))
            )

    def _settled(self, payloads: tuple[bytes, ...], _: asyncio.Task[None]) -> None:
        self._server.budget.give_back(cost(payloads))
        self._server.counters.in_flight -= len(payloads)

    async def _acknowledge(self) -> None:
        while (batch := await self._next()) is not None:
            while not (await asyncio.wait({batch.task}, timeout=KEEPALIVE_SECONDS))[0]:
                await self._write(self._acknowledged)
            self._tasks.discard(batch.task)
            batch.task.result()
            await self._write(batch.sequence)
            self._pending -= batch.events
            self._server.counters.acknowledged += batch.events
            self._acknowledged = 0 if batch.last else batch.sequence

    async def _next(self) -> _Batch | None:
        """The oldest batch; a Beat whose window waits for room is told that it is not forgotten."""
        while True:
            try:
                async with asyncio.timeout(KEEPALIVE_SECONDS):
                    return await self._batches.get()
            except TimeoutError:
                if self._pending:
                    await self._write(self._acknowledged)

    async def _write(self, sequence: int) -> None:
        self._writer.write(lumberjack.ack(sequence))
        await self._writer.drain()
