"""A double of Logstash's monitoring API: it speaks the documented shapes, and a test says what is wrong with it.

It is test code and no level of proof. Nothing here was recorded from the product.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATS: dict[str, Any] = {
    "host": "logstash", "version": "9.2.0", "http_address": "0.0.0.0:9600", "status": "green",
    "pipelines": {
        "main": {
            "events": {"in": 120, "filtered": 120, "out": 120, "duration_in_millis": 90},
            "flow": {"worker_utilization": {"current": 1.0}},
            "plugins": {
                "inputs": [{"id": "input_filebeat", "name": "beats", "events": {"out": 120}}],
                "codecs": [],
                "filters": [],
                "outputs": [
                    {
                        "id": "output_logs", "name": "elasticsearch",
                        "events": {"in": 120, "out": 120, "duration_in_millis": 50},
                        "documents": {"successes": 118, "non_retryable_failures": 2},
                        "bulk_requests": {"successes": 2, "responses": {"200": 2}},
                    }
                ],
            },
            "reloads": {"successes": 0, "failures": 0, "last_error": None},
            "queue": {"type": "persisted", "events_count": 0, "events": 0, "queue_size_in_bytes": 1},
            "dead_letter_queue": {
                "queue_size_in_bytes": 1, "dropped_events": 0, "expired_events": 0, "last_error": "no errors",
                "max_queue_size_in_bytes": 268435456, "storage_policy": "drop_newer",
            },
        }
    },
}  # fmt: skip
PIPELINES: dict[str, Any] = {
    "pipelines": {"main": {"workers": 2, "batch_size": 1000, "dead_letter_queue_enabled": True}}
}
HEALTH: dict[str, Any] = {
    "status": "green", "symptom": "1 indicator is healthy (`pipelines`)",
    "indicators": {
        "pipelines": {
            "status": "green", "symptom": "1 indicator is healthy (`main`)",
            "indicators": {
                "main": {
                    "status": "green", "symptom": "The pipeline is healthy",
                    "details": {"status": {"state": "RUNNING"}},
                }
            },
        }
    },
}  # fmt: skip


class Answers:
    """What the double answers, to be changed by a test; `missing` paths answer 404, `broken` ones 500."""

    def __init__(self) -> None:
        self.stats, self.pipelines, self.health = copy.deepcopy(STATS), copy.deepcopy(PIPELINES), copy.deepcopy(HEALTH)
        self.missing: set[str] = set()
        self.broken: set[str] = set()

    @property
    def main(self) -> Any:
        """The statistics of the pipeline `main`."""
        return self.stats["pipelines"]["main"]

    def ill(self, status: str, symptom: str, cause: str = "") -> None:
        """Let the health report say so of the pipeline `main`."""
        indicator = self.health["indicators"]["pipelines"]["indicators"]["main"]
        indicator.update(status=status, symptom=symptom, diagnosis=[{"id": "x", "cause": cause, "action": "y"}])

    def of(self, path: str) -> tuple[int, Any]:
        """Status and body of a path."""
        found = {
            "/_node/stats/pipelines": self.stats,
            "/_node/pipelines": self.pipelines,
            "/_health_report": self.health,
        }
        if path in self.broken:
            return 500, {"status": 500}
        if path in self.missing or path not in found:
            return 404, {"path": path, "status": 404, "error": {"message": "Not Found"}}
        return 200, found[path]


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """The double, answering; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.of(self.path.partition("?")[0])
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
