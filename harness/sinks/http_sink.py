"""The web server below every HTTP sink: one port for several senders, told apart by the first part of the path.

A sender's lane is what stands before the product's own path: `/storm/v2/enqueue` is lane `storm`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.contracts import Recorder
from harness.sinks import receipt
from harness.sinks.misbehaviour import Answer, Script
from harness.sinks.receipt import Receipt

# RST instead of FIN on close, so that the sender sees "connection reset by peer".
_LINGER_ZERO = struct.pack("ii", 1, 0)
_LARGEST_BODY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One POST, read to its end; `at` is when the last byte arrived, `target` the path without its lane.

    `began` is when its first line had arrived; both in Unix seconds.
    """

    at: float
    lane: str
    target: str
    headers: Message
    body: bytes
    began: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the product would answer, and what a person would see of the request."""

    status: int
    body: str
    channel: str
    content_type: str = "text/html"
    title: str = ""
    text: str = ""
    payload: Any = None
    problems: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


class HttpSink(ABC):
    """A sink spoken to over HTTP. A subclass names the product's path and judges requests; nothing else."""

    name: str
    path: str

    def __init__(self, recorder: Recorder, *, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self.stopping = threading.Event()
        self._recorder = recorder
        self._script = Script()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def judge(self, request: Request) -> Reply:
        """What the product would answer to this request; never raises."""

    def url(self, lane: str = "", *, host: str = "") -> str:
        """The address to configure in a sender of this lane; `host` when it sees this machine under another name."""
        prefix = f"/{lane.strip('/')}" if lane else ""
        return f"http://{host or self.host}:{self.port}{prefix}{self.path}"

    def next_answers(self, answers: Iterable[Answer], *, lane: str | None = None, naming: str = "") -> None:
        """Give these answers to the next deliveries (of one lane, with a word in their text) in place of the true
        ones."""
        self._script.order(answers, lane, naming)

    @property
    def answers_left(self) -> int:
        """How many ordered answers have not been given yet."""
        return len(self._script)

    def start(self) -> None:
        """Listen on a port of the kernel's choosing, and on the same one when started again; idempotent."""
        if self._server is not None:
            return
        self.stopping.clear()
        self._server = _Server((self.host, self.port), self)
        self.port = self._server.server_address[1]
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), name=f"sink {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, close what is open, release the port; idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        self.stopping.set()
        server.shutdown()
        server.server_close()
        server.close_connections()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def lane_of(self, path: str) -> tuple[str, str]:
        """Lane and product path of a request path; on a path that is not the product's, the first part is the lane."""
        path = path.partition("?")[0]
        lane, found, rest = path.partition(self.path)
        if found:
            return lane.strip("/"), found + rest
        lane, _, rest = path.lstrip("/").partition("/")
        return lane, f"/{rest}"

    def receive(self, request: Request) -> tuple[Reply, Answer | None]:
        """Judge and record one request; the answer is the true reply unless another was ordered."""
        reply = self.judge(request)
        ordered = self._script.next(request.lane, f"{reply.title}\n{reply.text}")
        received = Receipt(
            at=request.at,
            channel=reply.channel,
            lane=request.lane,
            status=ordered.status if ordered else reply.status,
            title=reply.title,
            text=reply.text,
            payload=reply.payload,
            problems=reply.problems,
            details={**reply.details, "began": request.began or request.at},
        )
        received.record(self._recorder, self.name)
        return reply, ordered

    def answered(self, request: Request, channel: str) -> None:
        """Record how long a delivery took here, from its first line to the end of the answer."""
        receipt.answered(self._recorder, self.name, channel, request.lane, request.began)


class _Server(ThreadingHTTPServer):
    """A threading server that can close the connections its clients keep open."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sink: HttpSink) -> None:
        self.sink = sink
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection until it is shut down."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake every thread that waits for a client's next request."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event: what it sent has been recorded, or was never complete."""


class _Handler(BaseHTTPRequestHandler):
    """Reads one request to its last byte, takes the time, then lets the sink judge."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300
    _began = 0.0

    def parse_request(self) -> bool:
        """Take the time at which a request's first line is there."""
        self._began = time.time()
        return super().parse_request()

    def do_POST(self) -> None:
        """A delivery."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._answer(413 if length.isdigit() else 411, "", "text/plain")
            return
        body = self.rfile.read(int(length))
        at = time.time()
        if len(body) < int(length):
            self.close_connection = True
            return
        lane, target = self.server.sink.lane_of(self.path)
        request = Request(at, lane, target, self.headers, body, self._began)
        reply, ordered = self.server.sink.receive(request)
        if ordered is None:
            self._answer(reply.status, reply.body, reply.content_type)
        else:
            self._misbehave(ordered)
        self.server.sink.answered(request, reply.channel)

    def do_GET(self) -> None:
        """Nothing to read here."""
        self._answer(405, "", "text/plain")

    def _misbehave(self, answer: Answer) -> None:
        if answer.silent_seconds:
            self.server.sink.stopping.wait(answer.silent_seconds)
        if answer.status is not None:
            self._answer(answer.status, answer.body, "text/plain", answer.headers)
            return
        self.close_connection = True
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self.connection.close()

    def _answer(self, status: int, body: str, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        encoded = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": content_type, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        """The history is the log."""
