"""Lifecycle management that is let act: what is asked of it, and what the verifier makes of what it did.

The server is a double, because no build with lifecycle management can be had here; it is never a level of proof.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from harness.checks.retention.lifecycle import Lifecycle
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.judging import beyond_reach, judge
from harness.model import History, Judgement, Level, Observation, Verdict
from harness.probes import lifecycle

DAY = 86400.0
INSTALL = [{"part": "lifecycle", "logs": True, "file": "config/ilm.json", "put": "/_ilm/policy/logs"}]
FIXTURES = {
    "baselines": {"baselines": [{"id": "retention", "limit": 30}]},
    "deployment": {"elasticsearch": {"install": INSTALL}},
}
POLL = "indices.lifecycle.poll_interval"


class Managed:
    """An Elasticsearch with lifecycle management that deletes what is `kept` days old, once it looks every second."""

    def __init__(self, kept: float = 30.0, refuses: str = "") -> None:
        self.settings: dict[str, Any] = {POLL: "7m"}
        self.indices: dict[str, float] = {}
        self.kept, self.refuses = kept * DAY, refuses
        self.seen: list[str] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                status, told = double.answer(self.command, self.path, body)
                text = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 http.server calls them so

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.seen.append(f"{method} {path.partition('?')[0]}")
        name = path.strip("/").partition("/")[0].partition("?")[0]
        if self.refuses and self.refuses in f"{method} {path}":
            return 403, {"error": {"reason": "not for this user"}}
        if name == "_cluster":
            for key, value in body.get("persistent", {}).items():
                self.settings[key] = value
            return 200, {"persistent": {k: v for k, v in self.settings.items() if v is not None}}
        if path.endswith("/_ilm/explain"):
            about = {"phase": "warm", "action": "forcemerge", "step": "ERROR", "step_info": {"reason": "no space"}}
            return 200, {"indices": {name: about}}
        if method == "PUT":
            assert body["settings"]["index.lifecycle.name"] == "logs"
            assert body["settings"]["index.lifecycle.indexing_complete"] is True
            self.indices[name] = body["settings"]["index.lifecycle.origination_date"] / 1000
        elif method == "DELETE":
            self.indices.pop(name, None)
        elif self.settings[POLL] == "1s":
            self.indices = {one: at for one, at in self.indices.items() if time.time() - at < self.kept}
        return (200 if name in self.indices or method != "HEAD" else 404), {}


@pytest.fixture
def managed() -> Iterator[Any]:
    made: list[Managed] = []

    def make(*arguments: Any, **named: Any) -> Managed:
        made.append(Managed(*arguments, **named))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def judged(*seen: Observation, keeps: str = "30d") -> Judgement:
    held = {"logs": {"policy": {"phases": {"delete": {"min_age": keeps}}}}}
    read = Observation(1.0, "retention-setting", "lifecycle", {"status": 200, "answer": json.dumps(held)})
    context = Context(Configuration.of_texts({}), FIXTURES, {"elasticsearch": Level.CONTAINER})
    return judge(Lifecycle(), History.of(read, *seen), context)


def acted(server: Managed) -> Observation:
    told = lifecycle.acted(server.url, ("elastic", "x"), "logs", 30 * DAY, deadline_seconds=1.0)
    return Observation(2.0, "lifecycle-acted", "logs", {"kept_seconds": 30 * DAY, **told})


def test_the_older_goes_the_younger_stays_and_nothing_is_left_of_it(managed):
    server = managed()
    judgement = judged(acted(server))
    assert judgement.verdict is Verdict.PASS and judgement.level is Level.CONTAINER
    assert "deletes logs after 30 d, and deleted an index of 31 d in" in judgement.reason
    assert server.indices == {} and server.settings[POLL] == "7m"


def test_one_that_is_not_deleted_is_named_with_what_stands_in_the_way(managed):
    server = managed(kept=90)
    judgement = judged(acted(server))
    assert judgement.verdict is Verdict.FAIL
    assert (
        "an index of 31 d is not deleted under logs: it stands at warm/forcemerge/ERROR: no space" in judgement.reason
    )
    assert server.indices == {} and server.settings[POLL] == "7m"


def test_one_that_is_deleted_a_day_too_early(managed):
    judgement = judged(acted(managed(kept=7)))
    assert judgement.verdict is Verdict.FAIL and "an index of 29 d is deleted" in judgement.reason


@pytest.mark.parametrize("refused", ["GET /_cluster", "PUT /_cluster", "PUT /harness-lifecycle-"])
def test_what_the_server_refuses_is_unknown_with_its_reason(managed, refused):
    judgement = judged(acted(managed(refuses=refused)))
    assert judgement.verdict is Verdict.UNKNOWN and "not for this user" in judgement.reason


def test_a_dead_server_is_unknown():
    told = lifecycle.acted("http://127.0.0.1:9", ("elastic", "x"), "logs", 30 * DAY)
    assert "ConnectionError" in told["error"]


def test_a_policy_that_was_read_and_not_seen_to_act_is_unknown():
    assert judged().verdict is Verdict.UNKNOWN


def test_a_policy_that_keeps_another_time(managed):
    assert "keeps logs 60 d, documented are 30 d" in judged(acted(managed()), keeps="60d").reason


def test_a_build_without_lifecycle_management_is_beyond_this_machine():
    read = Observation(1.0, "retention-setting", "lifecycle", {"status": 400, "answer": "no handler"})
    context = Context(Configuration.of_texts({}), FIXTURES, {"elasticsearch": Level.NATIVE})
    assert beyond_reach(judge(Lifecycle(), History.of(read), context))
