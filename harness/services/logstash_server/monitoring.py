"""The monitoring API, as much of Logstash's as its readers ask: `GET /` and the pipelines' statistics."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

Answer = tuple[int, dict[str, Any]]
VERSION = "stand-in"


class MonitoringServer:
    """Answers GET requests with JSON; `ready` tells whether Beats can connect."""

    def __init__(
        self, ready: Callable[[], bool], statistics: Callable[[], dict[str, Any]], settings: dict[str, Any]
    ) -> None:
        self._ready = ready
        self._statistics = statistics
        self._settings = settings
        self._server: asyncio.Server | None = None
        self.address: tuple[str, int] = ("", 0)

    async def start(self, host: str, port: int) -> None:
        """Listen; `address` then tells where. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.address = self._server.sockets[0].getsockname()[:2]

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(30):
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split(" ", 2)
            status, answer = self._answer(request[0], request[1].partition("?")[0]) if len(request) == 3 else (400, {})
            body = json.dumps(answer).encode()
            reason = {200: "OK", 404: "Not Found", 405: "Method Not Allowed"}.get(status, "Service Unavailable")
            head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + (b"" if request[0] == "HEAD" else body))
            await writer.drain()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # whoever asked is gone, or never finished asking
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return 405, {"error": "method not allowed"}
        ready = self._ready()
        root = {
            "host": socket.gethostname(),
            "version": VERSION,
            "http_address": "{}:{}".format(*self.address),
            "id": self._settings["id"],
            "name": self._settings["name"],
            "ephemeral_id": self._settings["id"],
            "status": "green" if ready else "red",
            "pipeline": {"workers": 1, "batch_size": self._settings["batch_events"], "batch_delay": 0},
        }
        path = path.rstrip("/")
        if path == "":
            return (200 if ready else 503), root
        pipelines = {"main": self._statistics()}
        if path in ("/_node/stats/pipelines", "/_node/stats/pipelines/main"):
            return 200, {**root, "pipelines": pipelines}
        if path == "/_node/stats":
            return 200, {**root, "events": pipelines["main"]["events"], "pipelines": pipelines}
        return 404, {"path": path, "status": 404, "error": {"message": "Not Found"}}
