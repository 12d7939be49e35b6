"""A double of Kibana 9 and of the Elasticsearch behind it, for tests: the same protocol over a few documents, with
faults to seed. It is as strict as Kibana about headers and users, and proves nothing about Kibana itself.
"""

from __future__ import annotations

import base64
import email
import fnmatch
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import UnreadableError
from harness.languages.kql import Options, to_dsl

USER, PASSWORD = "elastic", "secret"
FOUND: Mapping[str, Any] = {"timed_out": False, "took": 3}


@dataclass
class Store:
    """Documents by id, found by the queries that KQL becomes; `indices` are the names that lead to them."""

    documents: Mapping[str, Mapping[str, Any]]
    indices: tuple[str, ...] = ("logs",)

    def search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Elasticsearch's answer."""
        there = any(fnmatch.fnmatchcase(name, pattern) for pattern in index.split(",") for name in self.indices)
        query = body.get("query", {"match_all": {}})
        ids = [name for name, document in self.documents.items() if there and holds(query, document)]
        hits = [{"_id": name, "_index": index} for name in ids][: body.get("size", 10)]
        found = {"hits": {"total": {"value": len(ids), "relation": "eq"}, "hits": hits}, **FOUND}
        return {**found, "_shards": {"total": int(there), "successful": int(there), "failed": 0}}


def holds(query: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a document is found; a query that the double does not know is an error, not a miss."""
    ((kind, body),) = query.items()
    if kind == "bool":
        some = body.get("should", [])
        enough = not some or any(holds(one, document) for one in some)
        every = all(holds(one, document) for name in ("must", "filter") for one in _listed(body.get(name, [])))
        return enough and every and not any(holds(one, document) for one in _listed(body.get("must_not", [])))
    if kind == "match_all":
        return True
    if kind == "exists":
        return body["field"] in document
    ((name, wanted),) = body.items()
    value = document.get(name)
    if kind == "wildcard":
        return value is not None and fnmatch.fnmatchcase(str(value), str(wanted["value"]).replace("\\", ""))
    if kind in ("term", "match", "match_phrase"):
        return value is not None and str(value).lower() == str(_value(wanted)).lower()
    if kind == "range":
        return value is not None and _in_range(value, wanted)
    raise AssertionError(f"the double knows no {kind}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(wanted: Any) -> Any:
    return wanted.get("value", wanted.get("query")) if isinstance(wanted, dict) else wanted


def _in_range(value: Any, wanted: Mapping[str, Any]) -> bool:
    compare: Mapping[str, Callable[[float, float], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return all(test(_number(value), _number(wanted[name])) for name, test in compare.items() if name in wanted)


def _number(value: Any) -> float:
    text = str(value)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if "T" in text else float(text)


@dataclass
class DoubleKibana:
    """What the double holds, and its faults. `hit` may spoil what a search through Kibana finds."""

    store: Store
    mapping: dict[str, Any]
    level: str = "available"
    password: str = PASSWORD
    refused: tuple[str, ...] = ()
    html: str = ""
    slow_answers: int = 0
    translate: Callable[[str, dict[str, Any]], dict[str, Any]] = field(
        default=lambda kql, mapping: to_dsl(kql, mapping, Options(time_zone="UTC", current=True))
    )
    report: Callable[[list[str]], tuple[int, str]] = lambda rows: (200, "\n".join(["@timestamp,_id", *rows]))
    jobs: list[str] = field(default_factory=list)
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    running: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Status and answer to a request."""
        route = urlsplit(path).path
        self.asked.append(f"{method} {route}")
        if self.html and route.startswith(self.html):
            return 200, "<!DOCTYPE html><title>Log in</title>"
        if route == "/api/status":
            overall = {"level": self.level, "summary": f"All services are {self.level}"}
            status = 503 if self.level in ("unavailable", "critical") else 200
            return status, {"status": {"overall": overall}, "version": {"number": "9.2.0"}}
        if headers.get("Authorization") != _basic(USER, self.password):
            return _error(401, "Unauthorized")
        if method != "GET" and not headers.get("kbn-xsrf"):
            return _error(400, "Request must contain a kbn-xsrf header.")
        if route.startswith("/internal/") and headers.get("x-elastic-internal-origin") != "Kibana":
            return _error(400, f"uri [{route}] with method [post] exists but is not available")
        return self._routed(method, route, headers, body)

    def _routed(self, method: str, route: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if route == "/api/saved_objects/_import":
            return 200, self._imported(headers.get("Content-Type", ""), body)
        if route == "/api/data_views":
            views = [one for (kind, _), one in self.objects.items() if kind == "index-pattern"]
            return 200, {"data_view": [{"id": v["id"], "title": v["attributes"]["title"]} for v in views]}
        if route.startswith("/api/data_views/data_view/"):
            return self._view(unquote(route.rpartition("/")[2]))
        if route.startswith("/internal/search/ese"):
            return self._search(method, route, json.loads(body) if body else {})
        if route == "/internal/metrics/vis/data":
            return self._panel(json.loads(body))
        if route == "/api/reporting/generate/csv_searchsource":
            self.jobs.append(json.loads(body)["jobParams"])
            return 200, {"path": "/api/reporting/jobs/download/1", "job": {"id": "1"}}
        if route == "/api/reporting/jobs/download/1":
            return self._report(self.jobs[-1])
        return _error(404, "Not Found")

    def _report(self, job: str) -> tuple[int, str]:
        """The report of a job; who looks for the first time finds it in the making."""
        if self.asked.count("GET /api/reporting/jobs/download/1") == 1:
            return 503, "processing"
        kql = job.partition("'query':('language':'kuery','query':'")[2].partition("'")[0]
        found = self.store.search("logs", {"query": to_dsl(kql, self.mapping), "size": 100})
        return self.report([f"2026-11-01T00:00:00.000Z,{hit['_id']}" for hit in found["hits"]["hits"]])

    def _imported(self, content: str, body: bytes) -> dict[str, Any]:
        message = email.message_from_bytes(b"Content-Type: " + content.encode() + b"\r\n\r\n" + body)
        (part,) = message.get_payload()
        assert isinstance(part, email.message.Message)
        text = part.get_payload(decode=True)
        assert isinstance(text, bytes)
        objects = [json.loads(line) for line in text.decode().splitlines()]
        there = {(one["type"], one["id"]) for one in objects} | {*self.objects}
        errors = []
        for one in objects:
            missing = [r for r in one.get("references", ()) if (r["type"], r["id"]) not in there]
            if missing:
                error: dict[str, Any] = {"type": "missing_references", "references": missing}
            elif one["id"] in self.refused:
                error = {"type": "unsupported_type"}
            else:
                self.objects[one["type"], one["id"]] = one
                continue
            errors.append({"type": one["type"], "id": one["id"], "error": error})
        answer = {"success": not errors, "successCount": len(objects) - len(errors)}
        return {**answer, **({"errors": errors} if errors else {})}

    def _view(self, name: str) -> tuple[int, Any]:
        view = self.objects.get(("index-pattern", name))
        if view is None:
            return _error(404, f"Saved object [index-pattern/{name}] not found")
        title = view["attributes"]["title"]
        types = {n: f["type"] for n, f in self.mapping["properties"].items()} if title in self.store.indices else {}
        fields = {n: {"esTypes": [t], "searchable": True, "aggregatable": t != "text"} for n, t in types.items()}
        time_field = view["attributes"].get("timeFieldName")
        return 200, {"data_view": {"id": name, "title": title, "timeFieldName": time_field, "fields": fields}}

    def _search(self, method: str, route: str, asked: Mapping[str, Any]) -> tuple[int, Any]:
        name = route.removeprefix("/internal/search/ese").strip("/")
        if method == "DELETE":
            return 200, {}
        if name:
            self.slow_answers -= 1
            return 200, {"id": name, "isRunning": self.slow_answers > 0, "rawResponse": self.running[name]}
        params = asked["params"]
        raw = self.spoil(self.store.search(params["index"], params["body"]))
        if self.slow_answers:
            self.running["one"] = raw
            return 200, {"id": "one", "isRunning": True, "isPartial": True, "rawResponse": {}}
        return 200, {"isRunning": False, "isPartial": False, "rawResponse": raw}

    def _panel(self, asked: Mapping[str, Any]) -> tuple[int, Any]:
        ((panel,), (query,)) = asked["panels"], asked["query"]
        view = self.objects[("index-pattern", panel["index_pattern"]["id"])]
        span = {"gte": asked["timerange"]["min"], "lte": asked["timerange"]["max"]}
        must = [{"range": {panel["time_field"]: span}}]
        try:
            clause = self.translate(query["query"], self.mapping)
            built = {"bool": {"must": must, "filter": [clause], "should": [], "must_not": []}}
            response = self.store.search(view["attributes"]["title"], {"query": built})
        except UnreadableError as error:
            return 200, {panel["id"]: {"id": panel["id"], "series": [], "error": error.message}}
        response["hits"]["total"] = response["hits"]["total"]["value"]
        tracked = {"harness:all": {"body": {"size": 0, "query": built}, "response": response, "time": 1}}
        return 200, {"type": "timeseries", "trackedEsSearches": tracked, panel["id"]: {"series": []}}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _error(status: int, message: str) -> tuple[int, Any]:
    return status, {"statusCode": status, "error": "Refused", "message": message}


@contextmanager
def serving(answer: Callable[[str, str, Mapping[str, str], bytes], tuple[int, Any]]) -> Iterator[str]:
    """Serve a function of method, path, headers and body; the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one packet: in two, the second waits 40 ms for the first to be acknowledged.
        wbufsize = -1

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = answer(self.command, self.path, self.headers, body)
            text = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def elasticsearch(store: Store) -> Callable[[str, str, Mapping[str, str], bytes], tuple[int, Any]]:
    """The Elasticsearch that Kibana has behind it, asked directly."""

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        return 200, store.search(unquote(urlsplit(path).path).split("/")[1], json.loads(body))

    return answer
