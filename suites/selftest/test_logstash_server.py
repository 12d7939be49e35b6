"""The Logstash stand-in between a Beat of our own and an Elasticsearch of our own, all on sockets.

What is claimed: acknowledged means stored; whatever goes wrong, every event is stored once or stands in the dead
letters with the reason.
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from harness import wait
from harness.errors import HarnessError
from harness.services.logstash_server import beats_server
from harness.services.logstash_server.documents import Document, dead_letter
from harness.services.logstash_server.journal import Journal
from harness.services.logstash_server.server import LogstashServer, Settings

pytestmark = pytest.mark.timeout(30)

PIPELINE = """
input { beats { port => 5044 host => "127.0.0.1" %(tls)s } }
filter {
  json { source => "message" }
  if [drop] { drop {} }
  if [number] { if [number] > 5 { mutate { add_tag => ["large"] } } }
}
output {
  elasticsearch {
    hosts => ["%(url)s"]
    user => "writer"
    password => "${PASSWORD}"
    index => "logs"
    action => "create"
    document_id => "%%{id}"
    manage_template => false
    data_stream => false
    retry_initial_interval => 0.05
    retry_max_interval => 0.2
    %(options)s
  }
}
"""


class Elasticsearch:
    """A bulk endpoint that stores for real, and can be told to fail in every way the real one does."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.bulks: list[int] = []
        self.answers: list[int | str] = []
        self.reject: Callable[[str, dict[str, Any]], tuple[int, str] | None] = lambda index, source: None
        self.authorizations: set[str] = set()
        self.held = threading.Event()
        self.held.set()
        self._lock = threading.Lock()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                world.authorizations.add(self.headers.get("Authorization", ""))
                world.held.wait(20)
                with world._lock:
                    ordered = world.answers.pop(0) if world.answers else 200
                    ordered = "die" if world._server is None else ordered
                    status, answer = (
                        world.bulk(body) if ordered in (200, "lose the answer") else (ordered, {"error": "ordered"})
                    )
                if ordered in ("die", "lose the answer"):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                encoded = json.dumps(answer).encode()
                self.send_response(int(status))
                self.send_header("Content-Type", "application/json")
                # The real server streams large answers in chunks.
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for start in range(0, len(encoded), 100):
                    part = encoded[start : start + 100]
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def bulk(self, body: bytes) -> tuple[int, dict[str, Any]]:
        lines = body.split(b"\n")
        assert lines[-1] == b""
        items: list[dict[str, Any]] = []
        for action_line, source_line in zip(lines[0:-1:2], lines[1:-1:2], strict=True):
            ((action, target),) = json.loads(action_line).items()
            items.append({action: self.store(action, target, json.loads(source_line))})
        self.bulks.append(len(items))
        return 200, {"errors": any(int(next(iter(item.values()))["status"]) > 201 for item in items), "items": items}

    def store(self, action: str, target: Mapping[str, str], source: dict[str, Any]) -> dict[str, Any]:
        key = (target["_index"], target.get("_id") or f"auto-{len(self.stored)}")
        rejected = self.reject(key[0], source)
        if rejected is not None:
            return {
                "status": rejected[0],
                "error": {"type": rejected[1], "reason": "because", "caused_by": {"type": "t", "reason": "deep"}},
            }
        if action == "create" and key in self.stored:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}
        self.stored[key] = source
        return {"status": 201}

    def ids(self, index: str = "logs") -> list[str]:
        return sorted(identity for name, identity in self.stored if name == index)


class Beat:
    """A small Beat: sends windows, reads acknowledgements."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        raw = socket.create_connection(address, timeout=10)
        self.socket = tls.wrap_socket(raw, server_hostname="localhost") if tls else raw

    def send(self, events: list[dict[str, Any]], *, compress: bool = True, claim: int | None = None) -> None:
        data = b""
        for sequence, event in enumerate(events, start=1):
            payload = json.dumps(event).encode()
            data += b"2J" + struct.pack(">II", sequence, len(payload)) + payload
        if compress:
            packed = zlib.compress(data, 3)
            data = b"2C" + struct.pack(">I", len(packed)) + packed
        self.socket.sendall(b"2W" + struct.pack(">I", claim or len(events)) + data)

    def acknowledgement(self, timeout: float = 10) -> int:
        self.socket.settimeout(timeout)
        data = b""
        while len(data) < 6:
            piece = self.socket.recv(6 - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        assert data[:2] == b"2A"
        return int(struct.unpack(">I", data[2:])[0])

    def acknowledged(self, count: int, timeout: float = 10) -> list[int]:
        """Read until `count` is acknowledged; every acknowledgement on the way."""
        seen = [self.acknowledgement(timeout)]
        while seen[-1] != count:
            assert seen[-1] < count
            seen.append(self.acknowledgement(timeout))
        return seen

    def close(self) -> None:
        self.socket.close()


def lines(count: int, prefix: str = "e", **fields: Any) -> list[dict[str, Any]]:
    return [
        {
            "@timestamp": "2026-11-23T10:00:00.123Z",
            "@metadata": {"beat": "filebeat", "version": "9.2.0"},
            "message": json.dumps({"id": f"{prefix}{number:05}", "number": number, **fields}),
        }
        for number in range(count)
    ]


def ids(count: int, prefix: str = "e") -> list[str]:
    return [f"{prefix}{number:05}" for number in range(count)]


@dataclass
class Running:
    """A stand-in running in a thread of this process."""

    server: LogstashServer
    log: io.StringIO
    thread: threading.Thread
    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event
    beats: list[Beat] = field(default_factory=list)

    def beat(self, tls: ssl.SSLContext | None = None) -> Beat:
        self.beats.append(Beat(self.server.inputs[0][0].address, tls))
        return self.beats[-1]

    @property
    def statistics(self) -> dict[str, Any]:
        url = "http://{}:{}/_node/stats/pipelines".format(*self.server.monitoring.address)
        return dict(requests.get(url, timeout=5).json()["pipelines"]["main"])

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.thread.join(10)
        assert not self.thread.is_alive()
        for beat in self.beats:
            beat.close()


Start = Callable[..., Running]


@pytest.fixture
def elasticsearch() -> Iterator[Elasticsearch]:
    world = Elasticsearch()
    yield world
    world.held.set()
    world.stop()


@pytest.fixture
def start(tmp_path: Path, elasticsearch: Elasticsearch) -> Iterator[Start]:
    running: list[Running] = []

    def begin(text: str = PIPELINE, *, tls: str = "", options: str = "", **settings: Any) -> Running:
        config = tmp_path / "logstash.conf"
        config.write_text(text % {"url": elasticsearch.url, "tls": tls, "options": options})
        chosen = {
            "listen": (("127.0.0.1", 0),),
            "monitor": ("127.0.0.1", 0),
            "dead_letter_index": "dead",
            "grace_seconds": 0.5,
            **settings,
        }
        log = io.StringIO()
        server = LogstashServer(Settings(config, {"PASSWORD": "s3cret"}, **chosen), Journal(log))
        loop, stopping = asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(server.run(stopping)), daemon=True)
        thread.start()
        wait.until(
            lambda: all(beats.listening for beats, _ in server.inputs), deadline=5, saying="the stand-in", every=0.01
        )
        running.append(Running(server, log, thread, loop, stopping))
        return running[-1]

    yield begin
    elasticsearch.held.set()
    for one in running:
        one.stop()


def test_a_window_is_stored_and_then_acknowledged(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start().beat()
    beat.send(lines(20))
    assert beat.acknowledged(20) == [20]
    assert elasticsearch.ids() == ids(20)
    document = elasticsearch.stored["logs", "e00007"]
    assert document["number"] == 7
    assert document["@timestamp"] == "2026-11-23T10:00:00.123Z"
    assert document["@version"] == "1"
    assert document["tags"] == ["beats_input_codec_plain_applied", "large"]
    assert "@metadata" not in document
    assert elasticsearch.authorizations == {"Basic d3JpdGVyOnMzY3JldA=="}


def test_uncompressed_windows_and_many_in_a_row(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start().beat()
    for number in range(5):
        beat.send(lines(10, f"w{number}-"), compress=False)
    for _ in range(5):
        assert beat.acknowledged(10)[-1] == 10
    assert len(elasticsearch.ids()) == 50


def test_nothing_is_acknowledged_before_it_is_stored(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.held.clear()
    beat = start().beat()
    beat.send(lines(3))
    with pytest.raises(TimeoutError):
        beat.acknowledgement(0.4)
    assert not elasticsearch.stored
    elasticsearch.held.set()
    beat.acknowledged(3)
    assert elasticsearch.ids() == ids(3)


def test_a_waiting_beat_is_kept_alive(
    start: Start, elasticsearch: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beats_server, "KEEPALIVE_SECONDS", 0.1)
    elasticsearch.held.clear()
    beat = start().beat()
    beat.send(lines(3))
    assert [beat.acknowledgement(), beat.acknowledgement()] == [0, 0]
    elasticsearch.held.set()
    assert beat.acknowledged(3)[-1] == 3


def test_a_large_window_is_acknowledged_in_parts(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start(batch_events=100).beat()
    beat.send(lines(450))
    assert beat.acknowledged(450) == [100, 200, 300, 400, 450]
    assert elasticsearch.ids() == ids(450)


def test_keepalives_in_the_middle_of_a_window_do_not_step_back(
    start: Start, elasticsearch: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beats_server, "KEEPALIVE_SECONDS", 0.1)
    beat = start(batch_events=10, bulk_requests=1).beat()
    elasticsearch.answers = [200, 503, 503, 503, 503]
    beat.send(lines(20))
    seen = beat.acknowledged(20)
    assert seen == sorted(seen)
    assert {0, 10, 20} >= set(seen) >= {10, 20}


def test_a_resend_makes_no_duplicate(start: Start, elasticsearch: Elasticsearch) -> None:
    running = start()
    for _ in range(2):
        beat = running.beat()
        beat.send(lines(30))
        beat.acknowledged(30)
    assert elasticsearch.ids() == ids(30)
    assert running.statistics["plugins"]["outputs"][0]["documents"]["already_there"] == 30


def test_a_lost_answer_makes_no_duplicate(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.answers = ["lose the answer"]
    beat = start().beat()
    beat.send(lines(10))
    beat.acknowledged(10)
    assert elasticsearch.ids() == ids(10)
    assert len(elasticsearch.bulks) == 2


@pytest.mark.parametrize("answers", [[429], [503, 503], ["die"], [500, "die", 429], [401], [403]])
def test_refused_requests_are_retried_until_they_are_taken(
    start: Start, elasticsearch: Elasticsearch, answers: list[int | str]
) -> None:
    elasticsearch.answers = list(answers)
    running = start()
    beat = running.beat()
    beat.send(lines(10))
    beat.acknowledged(10)
    assert elasticsearch.ids() == ids(10)
    assert running.statistics["stand_in"]["retries"] == 10 * len(answers)
    assert running.statistics["plugins"]["outputs"][0]["bulk_requests"]["failures"] == len(answers)


def test_only_the_refused_documents_are_sent_again(start: Start, elasticsearch: Elasticsearch) -> None:
    tried: dict[str, int] = {}

    def busy(index: str, source: dict[str, Any]) -> tuple[int, str] | None:
        tried[source["id"]] = tried.get(source["id"], 0) + 1
        if source["number"] % 2 or tried[source["id"]] > 3:
            return None
        return (429, "es_rejected_execution_exception") if source["number"] % 4 else (403, "cluster_block_exception")

    elasticsearch.reject = busy
    beat = start().beat()
    beat.send(lines(10))
    beat.acknowledged(10)
    assert elasticsearch.ids() == ids(10)
    assert elasticsearch.bulks == [10, 5, 5, 5]


def test_elasticsearch_away_for_a_while(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start().beat()
    beat.send(lines(5, "before"))
    beat.acknowledged(5)
    elasticsearch.stop()
    beat.send(lines(5, "during"))
    with pytest.raises(TimeoutError):
        beat.acknowledgement(0.5)
    elasticsearch.start()
    beat.acknowledged(5)
    assert elasticsearch.ids() == sorted(ids(5, "before") + ids(5, "during"))


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.held.clear()
    running = start(options="timeout => 1")
    beat = running.beat()
    beat.send(lines(4))
    wait.until(lambda: running.statistics["stand_in"]["retries"], deadline=5, saying="the timeout")
    elasticsearch.held.set()
    beat.acknowledged(4)
    assert elasticsearch.ids() == ids(4)


def test_several_hosts_are_tried_in_turn(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start(PIPELINE.replace('hosts => ["', 'hosts => ["http://127.0.0.1:9", "'), bulk_requests=1).beat()
    beat.send(lines(4))
    beat.acknowledged(4)
    assert elasticsearch.ids() == ids(4)


def test_elasticsearch_behind_tls_is_verified(start: Start, elasticsearch: Elasticsearch, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "es-ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    assert elasticsearch._server is not None
    elasticsearch._server.socket = context.wrap_socket(elasticsearch._server.socket, server_side=True)
    text = PIPELINE.replace('"%(url)s"', f'"{elasticsearch.url.replace("http", "https")}"')
    untrusting = start(text)
    beat = untrusting.beat()
    beat.send(lines(4))
    wait.until(lambda: "certificate verify failed" in untrusting.log.getvalue(), deadline=5, saying="the refusal")
    assert not elasticsearch.stored
    untrusting.stop()
    beat = start(text, options=f'ssl_certificate_authorities => ["{tmp_path}/es-ca.pem"]').beat()
    beat.send(lines(4))
    beat.acknowledged(4)
    assert elasticsearch.ids() == ids(4)


def test_an_event_for_several_outputs_is_acknowledged_when_all_have_it(
    start: Start, elasticsearch: Elasticsearch
) -> None:
    other = PIPELINE[PIPELINE.index("output {") :].replace('"logs"', '"all-%%{number}"')
    elasticsearch.reject = lambda index, source: None if index == "logs" or elasticsearch.bulks[3:] else (429, "busy")
    running = start(PIPELINE + other)
    beat = running.beat()
    beat.send(lines(2))
    beat.acknowledged(2)
    assert (elasticsearch.ids(), elasticsearch.ids("all-0"), elasticsearch.ids("all-1")) == (ids(2), ids(1), ["e00001"])
    assert [output["events"]["out"] for output in running.statistics["plugins"]["outputs"]] == [2, 2]


def test_an_unfinished_window_is_acknowledged_as_far_as_it_came(start: Start, elasticsearch: Elasticsearch) -> None:
    beat = start().beat()
    beat.send(lines(3), claim=5)
    beat.send(lines(2, "next"))
    assert [beat.acknowledgement(), beat.acknowledgement()] == [3, 2]
    assert len(elasticsearch.ids()) == 5


def test_a_rejected_document_becomes_a_dead_letter(start: Start, elasticsearch: Elasticsearch) -> None:
    def poison(index: str, source: dict[str, Any]) -> tuple[int, str] | None:
        return (400, "document_parsing_exception") if index == "logs" and source["number"] == 3 else None

    elasticsearch.reject = poison
    running = start()
    for _ in range(2):  # and sent again, it is still one letter
        beat = running.beat()
        beat.send(lines(5))
        beat.acknowledged(5)
    assert elasticsearch.ids() == [i for i in ids(5) if i != "e00003"]
    assert elasticsearch.ids("dead") == ["e00003"]
    letter = elasticsearch.stored["dead", "e00003"]
    assert letter["reason"] == "400 document_parsing_exception: because; caused by t: deep"
    assert json.loads(letter["message"])["number"] == 3
    assert (letter["id"], letter["rejected_from"]) == ("e00003", "logs")
    assert "_dead_letter" in letter["tags"]
    assert letter["@timestamp"] == "2026-11-23T10:00:00.123Z"
    assert running.statistics["dead_letter_queue"]["dead_letters"] == 2
    assert running.statistics["stand_in"]["lost"] == 0


def test_a_letter_that_is_rejected_too_is_written_in_its_simplest_form(
    start: Start, elasticsearch: Elasticsearch
) -> None:
    elasticsearch.reject = lambda index, source: (400, "bad") if index == "logs" or "id" in source else None
    beat = start().beat()
    beat.send(lines(1))
    beat.acknowledged(1)
    letter = elasticsearch.stored["dead", "e00000"]
    assert set(letter) == {"@timestamp", "message", "reason", "rejected_from"}
    assert (letter["rejected_from"], json.loads(letter["message"])["id"]) == ("logs", "e00000")


def test_what_no_letter_can_be_written_for_is_counted_as_lost_and_said(
    start: Start, elasticsearch: Elasticsearch
) -> None:
    elasticsearch.reject = lambda index, source: (400, "bad") if index == "dead" or source.get("number") == 1 else None
    running = start()
    beat = running.beat()
    beat.send(lines(3))
    beat.acknowledged(3)
    assert running.statistics["stand_in"]["lost"] == 1
    assert '"A document is lost' in running.log.getvalue() and "e00001" in running.log.getvalue()


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_refused_as_a_whole_is_taken_apart(start: Start, elasticsearch: Elasticsearch, status: int) -> None:
    true_bulk = elasticsearch.bulk

    def picky(body: bytes) -> tuple[int, dict[str, Any]]:
        return (
            (status, {"error": "spoiled"}) if b'"e00005"' in body and b"rejected_from" not in body else true_bulk(body)
        )

    elasticsearch.bulk = picky  # type: ignore[method-assign]
    beat = start().beat()
    beat.send(lines(8))
    beat.acknowledged(8)
    assert elasticsearch.ids() == [i for i in ids(8) if i != "e00005"]
    assert elasticsearch.stored["dead", "e00005"]["reason"].startswith(f"{status} ")


def test_an_event_the_pipeline_trips_over_leaves_a_letter_without_its_text(
    start: Start, elasticsearch: Elasticsearch
) -> None:
    running = start()
    beat = running.beat()
    events = lines(3)
    events[1]["message"] = '{"id": "odd00001", "number": "secret words"}'
    beat.send(events)
    beat.acknowledged(3)
    assert elasticsearch.ids() == ["e00000", "e00002"]
    letter = elasticsearch.stored["dead", "odd00001"]
    assert "cannot be processed" in letter["reason"]
    assert "secret" not in json.dumps(letter)
    assert running.statistics["stand_in"]["refused_by_filters"] == 1


def test_dropped_events_are_acknowledged(start: Start, elasticsearch: Elasticsearch) -> None:
    running = start()
    beat = running.beat()
    beat.send(lines(4, drop="yes"))
    beat.acknowledged(4)
    assert not elasticsearch.stored
    assert running.statistics["stand_in"]["dropped_by_filters"] == 4


def test_odd_lines_arrive_too(start: Start, elasticsearch: Elasticsearch) -> None:
    events = lines(1)
    texts = ["x" * 300_000, "nul \x00", "\ud800 lone", "ünï", "", str(2**70)]
    for number, text in enumerate(texts):
        events.append({"@timestamp": "2026-11-23T10:00:00.000Z", "id": f"odd{number}", "message": text, "big": 2**70})
    beat = start().beat()
    beat.send(events)
    beat.acknowledged(7)
    assert len(elasticsearch.ids()) == 7
    assert elasticsearch.stored["logs", "odd0"]["message"] == texts[0]
    assert elasticsearch.stored["logs", "odd1"]["message"] == "nul \x00"


def test_a_slow_elasticsearch_slows_the_beats_down(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.held.clear()
    running = start(batch_events=50, in_flight_events=100)
    beats = [running.beat() for _ in range(4)]
    for number, beat in enumerate(beats):
        beat.send(lines(100, f"b{number}-"))
    wait.until(lambda: running.server.counters.in_flight == 100, deadline=5, saying="the bound to be reached")
    assert running.server.counters.events_in <= 100
    elasticsearch.held.set()
    for beat in beats:
        beat.acknowledged(100)
    assert len(elasticsearch.ids()) == 400
    wait.until(lambda: running.server.counters.in_flight == 0, deadline=5, saying="nothing in flight")


def test_a_beat_that_leaves_takes_its_unacknowledged_events_with_it(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.answers = [503] * 1000
    running = start()
    beat = running.beat()
    beat.send(lines(10))
    wait.until(lambda: len(elasticsearch.answers) < 999, deadline=5, saying="a retry")
    beat.close()
    wait.until(lambda: running.server.counters.in_flight == 0, deadline=5, saying="nothing in flight")
    elasticsearch.answers = []
    again = running.beat()
    again.send(lines(10))
    again.acknowledged(10)
    assert elasticsearch.ids() == ids(10)


def test_beats_that_come_and_go_leave_nothing_behind(start: Start, elasticsearch: Elasticsearch) -> None:
    running = start(batch_events=5, in_flight_events=20)
    budget = running.server.inputs[0][0].budget
    for number in range(40):
        beat = running.beat()
        beat.send(lines(50, f"b{number}-"))
        if number % 3 == 0:
            wait.until(lambda: running.server.counters.in_flight, deadline=5, saying="some work", every=0.001)
        beat.close()
    wait.until(lambda: running.server.counters.connections == 0, deadline=10, saying="all to be gone")
    assert (budget.used, running.server.counters.in_flight) == (0, 0)
    last = running.beat()
    last.send(lines(50))
    last.acknowledged(50)
    assert set(ids(50)) <= set(elasticsearch.ids())


def test_the_simplest_letter_is_short_enough_to_be_taken() -> None:
    rejected = Document("create", "logs", None, b'{"text": "%s"}' % (b"x" * 2_000_000))
    first = dead_letter(rejected, "dead", "413 too large")
    assert first is not None and len(first.source) > 2_000_000
    simplest = dead_letter(first, "dead", "413 again")
    assert simplest is not None and len(simplest.source) < 1_100_000
    assert simplest.id == first.id and json.loads(simplest.source)["reason"] == "413 too large"
    assert dead_letter(simplest, "dead", "413 for ever") is None


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"2W\0\0\0\1" + b"2J" + struct.pack(">II", 1, 3) + b"[1]"])
def test_who_does_not_speak_the_protocol_is_disconnected(start: Start, data: bytes) -> None:
    running = start()
    stranger = running.beat()
    stranger.socket.sendall(data)
    with pytest.raises(ConnectionError):
        stranger.acknowledgement(5)
    wait.until(lambda: running.statistics["stand_in"]["protocol_errors"] == 1, deadline=5, saying="the count")
    beat = running.beat()
    beat.send(lines(1))
    beat.acknowledged(1)


def test_idle_beats_are_disconnected_after_the_configured_time(start: Start) -> None:
    running = start(tls="client_inactivity_timeout => 1")
    with pytest.raises(ConnectionError):
        running.beat().acknowledgement(5)


def test_stopping_finishes_what_is_begun(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.held.clear()
    running = start()
    beat = running.beat()
    beat.send(lines(10))
    wait.until(lambda: running.server.counters.in_flight == 10, deadline=5, saying="the window")
    running.loop.call_soon_threadsafe(running.stopping.set)
    elasticsearch.held.set()
    beat.acknowledged(10)
    running.thread.join(5)
    assert elasticsearch.ids() == ids(10)


def test_stopping_leaves_unacknowledged_what_cannot_be_finished(start: Start, elasticsearch: Elasticsearch) -> None:
    elasticsearch.stop()
    running = start()
    beat = running.beat()
    beat.send(lines(10))
    wait.until(lambda: running.server.counters.in_flight == 10, deadline=5, saying="the window")
    running.loop.call_soon_threadsafe(running.stopping.set)
    with pytest.raises(ConnectionError):
        while beat.acknowledgement(8) == 0:
            pass
    running.thread.join(5)
    assert not running.thread.is_alive()


def test_the_monitoring_api(start: Start) -> None:
    running = start()
    url = "http://{}:{}".format(*running.server.monitoring.address)
    root = requests.get(url, timeout=5).json()
    assert (root["status"], root["version"]) == ("green", "stand-in")
    beat = running.beat()
    beat.send(lines(4))
    beat.acknowledged(4)
    events = running.statistics["events"]
    assert (events["in"], events["filtered"], events["out"]) == (4, 4, 4)
    assert running.statistics["plugins"]["inputs"][0]["current_connections"] == 1
    assert requests.get(f"{url}/_node/stats?pretty", timeout=5).json()["events"]["in"] == 4
    assert requests.get(f"{url}/nowhere", timeout=5).status_code == 404
    assert requests.post(url, timeout=5).status_code == 405


@dataclass(frozen=True, slots=True)
class Certificates:
    """A server's certificate, a client's, and one of a stranger; the options of the input that go with them."""

    options: str
    known: ssl.SSLContext
    unknown: ssl.SSLContext
    none: ssl.SSLContext


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    authority, stranger = trustme.CA(), trustme.CA()
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(tmp_path / "key.pem")
    server.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    contexts = []
    for issuer in (authority, stranger, None):
        contexts.append(ssl.create_default_context())
        authority.configure_trust(contexts[-1])
        if issuer:
            issuer.issue_cert("beat.example", common_name="beat.example").configure_cert(contexts[-1])
    options = f"""
      ssl_enabled => true
      ssl_certificate => "{tmp_path}/cert.pem"
      ssl_key => "{tmp_path}/key.pem"
      ssl_certificate_authorities => ["{tmp_path}/ca.pem"]
      ssl_client_authentication => "required"
    """
    return Certificates(options, *contexts)


def test_tls_with_client_certificates(start: Start, elasticsearch: Elasticsearch, certificates: Certificates) -> None:
    running = start(tls=certificates.options)
    for context in (certificates.unknown, certificates.none):
        with pytest.raises(OSError):
            beat = running.beat(context)
            beat.send(lines(1, "stranger"))
            beat.acknowledgement(5)
    beat = running.beat(certificates.known)
    beat.send(lines(5))
    beat.acknowledged(5)
    assert elasticsearch.ids() == ids(5)


def test_what_is_known_of_the_beat(start: Start, elasticsearch: Elasticsearch, certificates: Certificates) -> None:
    text = PIPELINE.replace("json { source", 'mutate { copy => { "@metadata" => "seen" } } json { source')
    running = start(text, tls=certificates.options + 'enrich => ["all"] ecs_compatibility => "disabled"')
    beat = running.beat(certificates.known)
    beat.send(lines(1))
    beat.acknowledged(1)
    seen = elasticsearch.stored["logs", "e00000"]["seen"]
    assert (seen["ip_address"], seen["beat"]) == ("127.0.0.1", "filebeat")
    assert seen["tls_peer"]["status"] == "verified"
    assert "CN=beat.example" in seen["tls_peer"]["subject"]


@pytest.mark.parametrize(
    ("given", "tags", "original"),
    [
        ('ecs_compatibility => "v8"', ["beats_input_codec_plain_applied"], True),
        ('ecs_compatibility => "disabled"', ["beats_input_codec_plain_applied"], False),
        ('enrich => "none"', None, False),
        ('tags => ["a", "b"] type => "t" enrich => "none"', ["a", "b"], False),
    ],
)
def test_how_the_input_marks_events(
    start: Start, elasticsearch: Elasticsearch, given: str, tags: list[str] | None, original: bool
) -> None:
    beat = start(tls=given).beat()
    beat.send(lines(1))
    beat.acknowledged(1)
    document = elasticsearch.stored["logs", "e00000"]
    assert document.get("tags") == tags
    assert ("event" in document and "original" in document["event"]) is original


@pytest.mark.parametrize(
    ("replaced", "by", "says"),
    [
        ("json {", "ruby { code => '' } json {", ':4:3: filter plugin "ruby"'),
        ("index =>", "nonsense => 1 index =>", 'option "nonsense"'),
        ('action => "create"', 'action => "update"', "action `update`"),
        ("manage_template => false", "", "`manage_template => true`"),
        ("data_stream => false", 'pipeline => "p"', "option `pipeline`"),
        ('index => "logs"', "", "without `index`"),
        ('hosts => ["%(url)s"]', 'hosts => ["ftp://x"]', "no http or https address"),
        ("${PASSWORD}", "${MISSING}", "environment variable MISSING is not set"),
        ("beats {", "tcp { port => 1 } beats {", 'input plugin "tcp"'),
        ("elasticsearch {", 'file { path => "/tmp/x" } elasticsearch {', 'output plugin "file"'),
        ("%(tls)s", "ssl_enabled => true", "TLS needs ssl_certificate"),
        ("%(tls)s", "codec => json", 'codec "plain" only'),
    ],
)
def test_what_it_cannot_run_is_refused_with_its_place(start: Start, replaced: str, by: str, says: str) -> None:
    with pytest.raises(HarnessError) as refused:
        start(PIPELINE.replace(replaced, by, 1))
    assert says in str(refused.value)
    assert refused.value.exit_code == 2
    assert refused.value.at is not None and refused.value.at.line > 1


def spawn(config: Path, *arguments: str) -> subprocess.Popen[str]:
    argv = [
        sys.executable,
        "-m",
        "harness.services.logstash_server",
        "--config",
        str(config),
        "--monitor",
        "127.0.0.1:0",
    ]
    return subprocess.Popen([*argv, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_as_a_process_it_prints_runs_and_stops_on_sigterm(tmp_path: Path) -> None:
    config, secrets = tmp_path / "a.conf", tmp_path / "env"
    config.write_text(
        'input { beats { port => 5044 } } output { stdout { codec => line { format => "${MARK} %{id}" } } }'
    )
    secrets.write_text('# comment\nMARK="seen"\n')
    process = spawn(config, "--env-file", str(secrets), "--listen", "127.0.0.1:0")
    try:
        assert process.stderr is not None
        started = [json.loads(process.stderr.readline()) for _ in range(2)]
        port = int(started[1]["address"].rpartition(":")[2])
        beat = Beat(("127.0.0.1", port))
        beat.send([{"id": "e1", "message": "x"}])
        beat.acknowledged(1)
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=5)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "seen e1\n")
    assert json.loads(log.splitlines()[-1])["acknowledged"] == 1


def test_as_a_process_it_fails_with_one_message(tmp_path: Path) -> None:
    config = tmp_path / "b.conf"
    config.write_text("input { beats { port => 5044 } }\nfilter {\n  ruby { code => '' }\n}\n")
    _, log = spawn(config).communicate(timeout=10)
    assert log.startswith(f'harness: {config}:3:3: filter plugin "ruby" is not supported')
    assert "Traceback" not in log
    assert spawn(tmp_path / "missing.conf").wait(10) == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config.write_text("input { beats { port => 5044 } }")
        process = spawn(config, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        _, log = process.communicate(timeout=10)
    assert "cannot listen on" in log.splitlines()[-1] and process.returncode == 3
