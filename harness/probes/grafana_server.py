"""Grafana itself, asked over its HTTP API: what it provisioned, and its panels as the browser asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from harness.contracts import Documents
from harness.documents.grafana import Datasource, Datasources
from harness.probes.grafana_connection import DEADLINE_SECONDS, Connection, RefusedError
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_frames import reply_of
from harness.probes.grafana_msearch import Search
from harness.probes.grafana_player import PlayedSource
from harness.probes.grafana_sources import Source, Sources
from harness.probes.grafana_time import parsed
from harness.probes.panel_answer import Reply

QUERY = "/api/ds/query"
SESSION = "grafana_session"
_MOST_DASHBOARDS = 5000
_ERRORS_KEPT = 20


class GrafanaServer:
    """A running Grafana, asked as its administrator. What is not answered as it should be raises RefusedError."""

    def __init__(self, url: str, auth: tuple[str, str]) -> None:
        self.url = url.rstrip("/")
        self.connection = Connection(self.url, auth)
        self._auth = auth

    def health(self) -> Mapping[str, Any]:
        """Its version, and whether its database answers."""
        return _object(self.connection.get("/api/health", {}))

    def datasources(self) -> list[Mapping[str, Any]]:
        """Every datasource: `uid`, `name`, `type`, `url`, `isDefault`, …"""
        return _list(self.connection.get("/api/datasources", {}))

    def datasource_health(self, uid: str) -> Mapping[str, Any]:
        """What Grafana says when it tries a datasource: `status`, `OK` or not, and `message`."""
        return _object(self.connection.get(f"/api/datasources/uid/{uid}/health", {}))

    def dashboards(self) -> list[Mapping[str, Any]]:
        """Every dashboard: `uid`, `title`, `folderTitle`."""
        return _list(self.connection.get("/api/search", {"type": "dash-db", "limit": _MOST_DASHBOARDS}))

    def dashboard(self, uid: str) -> Mapping[str, Any]:
        """One dashboard: its JSON as `dashboard`, and `meta` with `folderTitle` and `provisioned`."""
        return _object(self.connection.get(f"/api/dashboards/uid/{uid}", {}))

    def session(self) -> str:
        """Log in as a person does, and return the session's cookie."""
        user, password = self._auth
        try:
            with requests.Session() as browser:
                browser.trust_env = False
                said = {"user": user, "password": password}
                answer = browser.post(f"{self.url}/login", json=said, timeout=DEADLINE_SECONDS)
        except requests.RequestException as error:
            raise RefusedError(f"no connection to {self.url}: {type(error).__name__}") from error
        if cookie := answer.cookies.get(SESSION):
            return cookie
        raise RefusedError(f"log-in: HTTP {answer.status_code}, and no session")

    def sources(self, documents: Documents) -> Sources:
        """The provisioned datasources, each asked through this Grafana."""
        given = [one for document in documents.of(Datasources) for one in document.datasources]
        sources = [source for one in given if (source := self._source(one)) is not None]
        default = next((one.uid for one in given if one.view["isDefault"].value is True), "")
        return Sources(sources, {one.name: one.uid for one in given}, default)

    def _source(self, given: Datasource) -> Source | None:
        settings = given.view["jsonData"]
        if given.kind == PlayedSource.kind:
            return PlayedSource(given.uid, self.connection, parsed(settings.text("timeInterval"), 15.0))
        if given.kind != ElasticsearchSource.kind:
            return None
        return ServedElasticsearch(
            given.uid,
            self.connection,
            settings.text("index") or given.view.text("database"),
            settings.text("timeField", "@timestamp"),
            parsed(settings.text("timeInterval"), 10.0),
            int(settings.number("maxConcurrentShardRequests") or 5),
        )


class ServedElasticsearch(ElasticsearchSource):
    """The Elasticsearch datasource of that uid, as Grafana has it: Grafana builds the `_msearch`, and reads its answer.

    Variables and annotations go through Grafana as well, as the browser sends them: searches of its own making.
    """

    def __init__(self, uid: str, grafana: Connection, *settings: Any) -> None:
        super().__init__(uid, grafana.below(f"/api/datasources/uid/{uid}/resources"), *settings)
        self._grafana = grafana

    def ask(self, searches: Sequence[Search]) -> tuple[Reply, ...]:
        """Every query of a panel in one request, as the browser sends them."""
        if not searches:
            return ()
        shown = searches[0].shown
        bounds = {"from": str(round(shown.start * 1000)), "to": str(round(shown.end * 1000))}
        asked = {**bounds, "queries": [self._query(search) for search in searches]}
        try:
            results = _object(_object(self._grafana.post_json(QUERY, asked)).get("results"))
            return tuple(reply_of(search, results.get(search.ref)) for search in searches)
        except RefusedError as error:
            return tuple(Reply.failed(str(error)) for _ in searches)

    def _query(self, search: Search) -> dict[str, Any]:
        """A query as the browser sends it: what the panel stores, variables filled in, and what its width asks for."""
        return {
            "refId": search.ref,
            "datasource": {"type": self.kind, "uid": self.uid},
            "query": search.query,
            "alias": search.alias,
            "metrics": list(search.metrics),
            "bucketAggs": list(search.buckets),
            "timeField": search.time_field,
            "intervalMs": round(search.interval_seconds * 1000),
            "maxDataPoints": search.max_points,
        }


def provisioning_errors(log: Path) -> list[str]:
    """What Grafana's log says went wrong while it provisioned, e.g. a dashboard that it cannot load."""
    return list(_errors(log))[:_ERRORS_KEPT]


def _errors(log: Path) -> Iterator[str]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        if "logger=provisioning" in line and "level=error" in line:
            yield line[line.find("logger=") :][:400]


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise RefusedError(f"an answer that is not Grafana's: {str(body)[:100]}")
    return body


def _list(body: Any) -> list[Mapping[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise RefusedError(f"an answer that is not Grafana's: {str(body)[:100]}")
    return body
