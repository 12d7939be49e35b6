"""A server that speaks Grafana's HTTP API as far as the harness asks for it, and lies on request.

It proves nothing of Grafana: it stands in so that the code that asks, compares and photographs can be seen to work and
to notice what is wrong. Its figures are worked out from the query alone, so that the panel player and Elasticsearch,
which it also plays, give the same ones.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.documents.grafana import Datasources

USER, PASSWORD, SESSION = "admin", "of-the-double", "a-session"
TERMS = ("error", "critical")
PAGE = """<!DOCTYPE html><title>{title}</title><body>{panels}
<script>window.__grafanaRunningQueryCount = {running}; {script}</script>"""
PANEL = '<section data-testid="data-testid Panel header {title}">{title} {inside}</section>'
ERROR = '<span data-testid="data-testid Panel status error" aria-label="{0}"></span>'


@dataclass
class Grafana:
    """What it holds, and its faults: word → what it is about."""

    configuration: Configuration
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        """Status and JSON of an API request."""
        match path.strip("/").split("/"):
            case ["api", "health"]:
                return 200, {"database": "ok", "version": "12.3.2"}
            case ["api", "datasources"]:
                return 200, list(self._datasources())
            case ["api", "datasources", "uid", uid, "health"]:
                if uid == self.faults.get("sick"):
                    return 400, {"status": "ERROR", "message": "Failed to connect"}
                return 200, {"status": "OK", "message": "works"}
            case ["api", "datasources", "uid", _, "resources", *rest]:
                return 200, self._resource("/".join(rest), body)
            case ["api", "search"]:
                return 200, [{"uid": d.uid, "title": d.title, "folderTitle": "CareDroid"} for d in self._there()]
            case ["api", "dashboards", "uid", uid]:
                return self._dashboard(uid)
            case ["api", "ds", "query"]:
                self.asked.append((path, body))
                return 200, {"results": {q["refId"]: self._result(q, body) for q in body["queries"]}}
        return 404, {"message": f"no such thing: {method} {path} {query}"}

    def _datasources(self) -> Iterator[dict[str, Any]]:
        for document in self.configuration.of(Datasources):
            for one in document.datasources:
                if one.uid != self.faults.get("datasource missing"):
                    default = one.view["isDefault"].value is True
                    yield {"uid": one.uid, "name": one.name, "type": one.kind, "url": one.url, "isDefault": default}

    def _there(self) -> Iterator[Dashboard]:
        for dashboard in self.configuration.of(Dashboard):
            if dashboard.uid != self.faults.get("dashboard missing"):
                yield dashboard

    def _dashboard(self, uid: str) -> tuple[int, Any]:
        for dashboard in self._there():
            if dashboard.uid == uid:
                board = dict(dashboard.tree.view.value)
                if uid == self.faults.get("panel missing"):
                    board["panels"] = board["panels"][1:]
                folder = "General" if uid == self.faults.get("wrong folder") else "CareDroid"
                return 200, {"dashboard": board, "meta": {"folderTitle": folder, "provisioned": True}}
        return 404, {"message": "Dashboard not found"}

    def _resource(self, path: str, body: Any) -> Any:
        if path == "_msearch":
            return {"responses": [elasticsearch_answer(one) for one in body]}
        if path.startswith("api/v1/label"):
            return {"status": "success", "data": ["one", "two"]}
        return {"status": "success", "data": {"resultType": "vector", "result": []}}

    def _result(self, query: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        text = query.get("expr") or query.get("query") or ""
        if self.faults.get("error in") and self.faults["error in"] in text:
            return {"error": "parse error: unexpected end of input", "status": 400, "frames": []}
        if self.faults.get("nothing in") and self.faults["nothing in"] in text:
            return {"frames": [], "status": 200}
        start, end = int(asked["from"]), int(asked["to"])
        frames = [_series(text, start, end, query)] if "expr" in query else list(_found(query, start, end))
        if self.faults.get("value in") and self.faults["value in"] in text:
            _bend(frames[0])
        return {"frames": frames, "status": 200}

    def page(self, uid: str) -> str:
        """What a browser gets of a dashboard: a box per panel, as Grafana marks them."""
        dashboard = next(one for one in self.configuration.of(Dashboard) if one.uid == uid)
        failing = self.faults.get("error drawn") == uid
        titles = [one.text("title") for one in dashboard.tree.view.mappings("panels") if one.text("type") != "row"]
        boxes = [PANEL.format(title=title, inside="") for title in titles]
        if failing:
            boxes[0] = PANEL.format(title=titles[0], inside=ERROR.format("the query failed"))
        if self.faults.get("never drawn") == uid:
            boxes = boxes[1:]
        loud = 'console.error("a plugin is missing")' if self.faults.get("loud") == uid else ""
        running = 1 if self.faults.get("never done") == uid else 0
        return PAGE.format(title=dashboard.title, panels="".join(boxes), running=running, script=loud)


def _steps(start: int, end: int, width: int) -> range:
    return range(start // width * width, end + 1, max(width, (end - start) // 40 // width * width or width))


def _series(expr: str, start: int, end: int, query: Mapping[str, Any]) -> dict[str, Any]:
    """One series whose values are known from the expression alone."""
    base = zlib.crc32(expr.encode()) % 1000 / 10 + 1
    moments = [end] if query.get("instant") else list(_steps(start, end, int(query["intervalMs"])))
    return _frame("", [("Time", "time", None, moments), ("Value", "number", {"of": "it"}, [base] * len(moments))])


def _frame(name: str, fields: list[tuple[str, str, dict[str, str] | None, list[Any]]]) -> dict[str, Any]:
    told = [{"name": n, "type": kind, **({"labels": labels} if labels else {})} for n, kind, labels, _ in fields]
    return {"schema": {"name": name, "fields": told}, "data": {"values": [values for *_, values in fields]}}


def _found(query: Mapping[str, Any], start: int, end: int) -> Iterator[dict[str, Any]]:
    """The frames that Grafana makes of what `elasticsearch_answer` answers."""
    buckets, metrics = query["bucketAggs"], query["metrics"]
    if metrics[0]["type"] == "raw_data":
        yield _frame("", [("@timestamp", "time", None, [end] * 3), ("_id", "string", None, ["x", "y", "z"])])
    elif buckets[-1]["type"] == "date_histogram":
        moments = list(_steps(start, end, int(query["intervalMs"])))
        of: list[tuple[str, dict[str, str] | None]] = [(query["alias"] or "Count", None)]
        if len(buckets) > 1:
            of = [(term, {buckets[0]["field"]: term}) for term in TERMS]
        for name, labels in of:
            values = [("Time", "time", None, moments), ("Value", "number", labels, [7] * len(moments))]
            yield _frame(name, values)  # type: ignore[arg-type]
    else:
        figures = {"count": ("Count", 7), "avg": ("Average", 2.5), "max": ("Max", 4.0)}
        columns: list[Any] = [(buckets[0]["field"], "string", None, list(TERMS))]
        columns += [(figures[m["type"]][0], "number", None, [figures[m["type"]][1]] * 2) for m in metrics]
        yield _frame("", columns)


def elasticsearch_answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an Elasticsearch answers to a search of a panel."""
    hits = {"total": {"value": 21}, "hits": [{"_id": one} for one in "xyz"] if body.get("size") else []}
    return {"hits": hits, "aggregations": {name: _bucket(one) for name, one in (body.get("aggs") or {}).items()}}


def _bucket(asked: Mapping[str, Any]) -> dict[str, Any]:
    if "date_histogram" in asked:
        bounds = asked["date_histogram"]["extended_bounds"]
        width = int(asked["date_histogram"]["fixed_interval"].removesuffix("ms"))
        return {"buckets": [{"key": at, "doc_count": 7} for at in _steps(bounds["min"], bounds["max"], width)]}
    if "terms" in asked:
        inner = {name: _bucket(one) for name, one in (asked.get("aggs") or {}).items()}
        return {"buckets": [{"key": term, "doc_count": 7, **inner} for term in TERMS]}
    return {"value": 2.5 if "avg" in asked else 4.0}


def _bend(frame: dict[str, Any]) -> None:
    """Make one number a little larger than it is."""
    for values in frame["data"]["values"][1:]:
        values[-1] = values[-1] + 1


class Handler(BaseHTTPRequestHandler):
    """Lets in who knows the password, or the session that a log-in gives."""

    protocol_version = "HTTP/1.1"
    grafana: Grafana

    def do_GET(self) -> None:
        self._do("GET", None)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "ndjson" in self.headers.get("Content-Type", ""):
            self._do("POST", [json.loads(line) for line in content.splitlines()][1::2])
        else:
            self._do("POST", json.loads(content) if content.startswith(("{", "[")) else parse_qs(content))

    def _do(self, method: str, body: Any) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/player/"):
            self._say(*Grafana(self.grafana.configuration).answer(method, parts.path[7:], {}, body))
        elif parts.path == "/_msearch":
            self._say(200, {"responses": [elasticsearch_answer(one) for one in body]})
        elif "html" in self.grafana.faults:
            self._send(200, "text/html", "<!DOCTYPE html><title>Sign in</title>")
        elif parts.path == "/login" and method == "POST":
            self._log_in(body)
        elif parts.path != "/api/health" and not self._let_in():
            self._say(401, {"message": "Invalid username or password"})
        elif parts.path.startswith("/d/"):
            self._send(200, "text/html", self.grafana.page(parts.path.split("/")[2]))
        else:
            self._say(*self.grafana.answer(method, parts.path, parse_qs(parts.query), body))

    def _log_in(self, body: Any) -> None:
        good = body == {"user": USER, "password": PASSWORD} and "401" not in self.grafana.faults
        cookie = f"grafana_session={SESSION}; Path=/; HttpOnly; Secure" if good else ""
        self._say(200 if good else 401, {"message": "Logged in" if good else "Invalid"}, cookie)

    def _let_in(self) -> bool:
        if "401" in self.grafana.faults:
            return False
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        session = f"grafana_session={SESSION}"
        return self.headers.get("Authorization") == f"Basic {basic}" or session in self.headers.get("Cookie", "")

    def _say(self, status: int, body: Any, cookie: str = "") -> None:
        self._send(status, "application/json", json.dumps(body), cookie)

    def _send(self, status: int, kind: str, text: str, cookie: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(grafana: Grafana) -> Iterator[str]:
    """Serve it on a port of its own, the panel player at /player and Elasticsearch's `_msearch` beside it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Serving", (Handler,), {"grafana": grafana}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
