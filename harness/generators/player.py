"""Answers Prometheus's scrapes for a whole deployment: one target per job, an incident laid over real metrics.

A target with an `upstream` passes the real server's own metrics through, less those that the world or the incident
defines: a full disk of this machine must not fire an alert of the scenario. One without stands in for the server. A
target that the incident takes down answers 503, and Prometheus sets `up` to 0.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from harness.generators.metrics import Timeline, exposition
from harness.generators.notation import Labels

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)[\s{]")

UPSTREAM_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Leak:
    """Labels that a careless release puts on some metrics of a job: identifiers that nobody may keep."""

    job: str
    metrics: frozenset[str]
    labels: Labels

    def on(self, samples: Iterable[tuple[str, Labels, float]]) -> Iterator[tuple[str, Labels, float]]:
        """The samples as such a release exposes them."""
        for name, labels, value in samples:
            yield name, (*labels, *self.labels) if name in self.metrics else labels, value


class Target:
    """One job's scrape target."""

    def __init__(
        self,
        job: str,
        timeline: Callable[[], Timeline],
        upstream: str = "",
        host: str = "127.0.0.1",
        leak: Leak | None = None,
    ) -> None:
        self.job = job
        self._leak = leak if leak and leak.job == job else None
        self.upstream = upstream
        self.scrapes = 0
        self._timeline = timeline
        self._server = _server(self, host)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def start(self) -> None:
        """Answer from now on; the port is bound since the target was made."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def answer(self) -> tuple[int, str]:
        """Status and body of one scrape."""
        self.scrapes += 1
        timeline, at = self._timeline(), time.time()
        if timeline.down(self.job, at):
            return 503, "down\n"
        if not self.upstream:
            return 200, exposition(self._exposed(timeline, at))
        try:
            real = requests.get(self.upstream, timeout=UPSTREAM_SECONDS)
            real.raise_for_status()
        except requests.RequestException as error:
            return 502, f"{self.upstream}: {type(error).__name__}\n"
        own = list(self._exposed(timeline, at))
        replaced = timeline.names(self.job)
        return 200, "".join(without(real.text, replaced)) + exposition(own)

    def _exposed(self, timeline: Timeline, at: float) -> Iterator[tuple[str, Labels, float]]:
        samples = timeline.samples(self.job, at)
        return self._leak.on(samples) if self._leak else samples


def without(text: str, names: frozenset[str]) -> Iterator[str]:
    """The lines of an exposition, less the samples of the given metrics."""
    for line in text.splitlines(keepends=True):
        sample = _SAMPLE.match(line)
        if not sample or sample.group(1) not in names:
            yield line


def _server(target: Target, host: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        """Answers /metrics, whatever the path, as the target says."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = target.answer()
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    return server


class Player:
    """The targets of one deployment, by job."""

    def __init__(
        self,
        timeline: Callable[[], Timeline],
        upstreams: Mapping[str, str],
        jobs: tuple[str, ...],
        host: str = "127.0.0.1",
        leak: Leak | None = None,
    ) -> None:
        self.targets = {job: Target(job, timeline, upstreams.get(job, ""), host, leak) for job in jobs}
        self.addresses = {job: f"{host}:{target.port}" for job, target in self.targets.items()}

    def start(self) -> None:
        """Answer scrapes."""
        for target in self.targets.values():
            target.start()

    def stop(self) -> None:
        """Stop every target."""
        for target in self.targets.values():
            target.stop()
