"""Nights on live servers: as many as a comparison needs, a quiet pair, then a pair with log queries made slower.

Usage: python benchmarks/nightly_pair.py FOLDER [SLOWER] [NIGHTS]

Each night is a `harness nightly --suite searches` in a process of its own, with all its servers; only between the suite
and Elasticsearch stands a proxy, in every night the same. In a slow night it holds each answer to a log query back
until SLOWER (1.3) times as long has passed as Elasticsearch took; what it achieved is printed beside. Everything else,
the query with nothing to do by which the machine is timed included, passes at once. Nights that FOLDER holds already
are not repeated, and at most NIGHTS are made: it can be done in portions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from harness import nightly
from harness.evidence import trend as records
from harness.regression import FEWEST_BEFORE, trend
from harness.reporters import trend_page
from harness.settings import Settings, read_fixtures
from harness.stack import Stack
from harness.world.key import WorldKey
from harness.world.store import BuiltWorld, Worlds

INSTANCE = "elasticsearch-world"
"""Where the suite opens the searches."""
KINDS = ("before",) * FEWEST_BEFORE + ("quiet",) * 2 + ("slow",) * 2
"""As many sound nights as a comparison takes at least, then both pairs: the second of each is judged."""
DEADLINE = 1200.0
_PASSED_ON = ("content-type", "authorization", "accept", "accept-encoding", "content-encoding")


class Slowing(ThreadingHTTPServer):
    """Passes requests on to one server; `held` is how long each log query took there, and until it was answered."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str, factor: float) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target, self.factor = urlsplit(target), factor
        self.held: list[tuple[float, float]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Slowing

    def setup(self) -> None:
        super().setup()
        target = self.server.target
        self._onward = HTTPConnection(target.hostname or "", target.port, timeout=120)

    def finish(self) -> None:
        self._onward.close()
        super().finish()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        began = time.perf_counter()
        self._onward.request(self.command, self.path, body, headers)
        answer = self._onward.getresponse()
        content = answer.read()
        took = time.perf_counter() - began
        if self.command == "POST" and urlsplit(self.path).path.endswith("/_search") and b"match_none" not in body:
            if self.server.factor > 1:
                threading.Event().wait(took * (self.server.factor - 1))
            self.server.held.append((took, time.perf_counter() - began))
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a run prints enough."""


def night(reports: Path, factor: float) -> int:
    """One night in this process. Its exit code is that of `harness nightly`."""
    os.environ["HARNESS_REPORTS"] = str(reports)
    straight, between = Stack.url, {}
    lock = threading.Lock()

    def url(stack: Stack, name: str) -> str:
        found = straight(stack, name)
        if name != INSTANCE:
            return found
        with lock:
            if found not in between:
                between[found] = proxy = Slowing(found, factor)
                threading.Thread(target=proxy.serve_forever, name="slowing", daemon=True).start()
        return between[found].url

    Stack.url = url  # type: ignore[method-assign, assignment]
    Worlds.find = _small(Worlds.find)  # type: ignore[method-assign, assignment]
    code = nightly.main(Settings.here(), ("searches",), keep=2, notify="")
    held = [pair for proxy in between.values() for pair in proxy.held]
    if not held:
        raise SystemExit("no log query went through the proxy")
    found = {"queries": len(held), "factor": median(after / took for took, after in held)}
    (reports / "proxied.ndjson").open("a").write(json.dumps(found) + "\n")
    return code


def _small(find: Callable[[Worlds, WorldKey], BuiltWorld | None]) -> Callable[[Worlds, WorldKey], BuiltWorld | None]:
    """Look for the small world only: were the full one built meanwhile, the nights would not be alike."""
    small = int(read_fixtures(Settings.here().fixtures)["story"]["scale"]["small"])
    return lambda worlds, key: find(worlds, key) if key.scale == small else None


def made(folder: Path) -> list[str]:
    """The kinds of the nights that are done, in order."""
    path = folder / "nights.json"
    return json.loads(path.read_text()) if path.is_file() else []


def told(folder: Path) -> None:
    """Every night that could be compared, as `harness nightly` tells it, and what the proxy did meanwhile."""
    kept, kinds = records.read(folder), made(folder)
    proxied = [json.loads(line) for line in (folder / "proxied.ndjson").read_text().splitlines()]
    for number, (kind, did) in enumerate(zip(kinds, proxied, strict=True)):
        figure = next((one for one in kept[number].figures if one.id == "log-query"), None)
        if figure is None:
            print(f"{number + 1:2d} {kind:<6} not measured")
            continue
        machine = f"a trifle {1000 * (figure.machine_seconds or 0):.1f} ms"
        print(f"{number + 1:2d} {kind:<6} median {figure.median:.3f} s, {machine}, queries x {did['factor']:.3f}")
        change = next(one for one in trend(kept[: number + 1]).changes if one.figure == "log-query")
        print(f"   {trend_page.said(change)}")


def main() -> None:
    """Make the nights that are missing, then print all of them."""
    if sys.argv[1] == "--night":
        raise SystemExit(night(Path(sys.argv[2]), float(sys.argv[3])))
    folder = Path(sys.argv[1]).resolve()
    slower = sys.argv[2] if len(sys.argv) > 2 else "1.3"
    most = int(sys.argv[3]) if len(sys.argv) > 3 else len(KINDS)
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS[len(made(folder)) :][:most]:
        began = time.monotonic()
        factor = slower if kind == "slow" else "1"
        command = [sys.executable, __file__, "--night", str(folder), factor]
        with (folder / "output.log").open("a") as output:
            done = subprocess.run(command, stdout=output, stderr=output, timeout=DEADLINE, check=False)
        if len(records.read(folder)) != len(made(folder)) + 1:
            raise SystemExit(f"a night left no record, exit code {done.returncode}: see {folder / 'output.log'}")
        (folder / "nights.json").write_text(json.dumps([*made(folder), kind]))
        print(f"{kind}: exit code {done.returncode} after {time.monotonic() - began:.0f} s", flush=True)
    told(folder)


if __name__ == "__main__":
    main()
