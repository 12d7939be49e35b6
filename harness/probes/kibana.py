"""Asks a running Kibana 9: is it available, does it take these saved objects, what are its data views, what does it
find, and what does it make of a KQL query. Judges nothing.

Public APIs as documented; `/internal/…` as the browser uses them, which Kibana 9 answers only to a request that says
it comes from Kibana itself (`x-elastic-internal-origin`). Of those the routes are in its source: `data` plugin,
`search/routes/search.ts`; `vis_type_timeseries` plugin, `routes/vis.ts`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from harness import wait
from harness.errors import StackError
from harness.probes.search_requests import TimeRange, iso

ANSWER_SECONDS = 60.0
AVAILABLE = "available"
_EVERYWHERE = {"kbn-xsrf": "harness"}
_INTERNAL = {"x-elastic-internal-origin": "Kibana", "elastic-api-version": "1"}
_PANEL, _SERIES = "harness", "all"
_DRAWN = {
    "color": "#68BC00",
    "chart_type": "line",
    "stacked": "none",
    "line_width": 1,
    "fill": 0,
    "formatter": "number",
}
"""How the browser has a series drawn, which the server wants to know."""

Auth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """What Kibana says of itself: `available`, `degraded`, `unavailable` or `critical`, and why."""

    level: str
    summary: str
    version: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A saved object that an import did not take, and Kibana's reason in words."""

    kind: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The answer to an import: how many objects were taken, and which were not."""

    success: bool
    count: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class ViewFields:
    """A data view as Kibana resolves it: index pattern, time field, and its fields by name.

    Of each field its Elasticsearch types, and whether it can be searched and aggregated (which is also: sorted by).
    """

    id: str
    title: str
    time_field: str
    fields: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Built:
    """What Kibana made of a KQL query: the clause it is in the whole `query`, and the hits it counted.

    When Kibana refused it, `refused` says why, and the rest is empty.
    """

    clause: Any = None
    query: Mapping[str, Any] | None = None
    hits: int = 0
    refused: str = ""


class Kibana:
    """One Kibana, as one user. Every method raises StackError when it does not answer, refuses, or answers nonsense."""

    def __init__(self, url: str, auth: Auth | None, *, deadline: float = ANSWER_SECONDS) -> None:
        self.url = url.rstrip("/")
        self.user = auth[0] if auth else ""
        self.deadline = deadline
        # A connection per concurrent request, as a browser keeps them.
        self._sessions = (requests.Session(), requests.Session())
        for session in self._sessions:
            session.auth = auth
            session.headers.update(_EVERYWHERE)

    def __enter__(self) -> Kibana:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()

    def status(self) -> Status:
        """How it is. Not available answers 503 or 200, depending on how bad it is; both are an answer."""
        answer = self._ask("GET", "/api/status", statuses=(200, 503))
        overall = _below(answer, "status", "overall")
        return Status(
            str(overall.get("level", "unknown")),
            str(overall.get("summary", "")),
            str(_below(answer, "version").get("number", "")),
        )

    def import_objects(self, objects: Iterable[Mapping[str, Any]]) -> Imported:
        """Import saved objects, replacing those of the same id."""
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
        files = {"file": ("objects.ndjson", lines.encode(), "application/ndjson")}
        answer = self._ask("POST", "/api/saved_objects/_import?overwrite=true", files=files)
        refused = tuple(
            Refused(str(error.get("type", "")), str(error.get("id", "")), _import_error(error.get("error")))
            for error in answer.get("errors", ())
        )
        return Imported(answer.get("success") is True, int(answer.get("successCount", 0)), refused)

    def data_views(self) -> Mapping[str, str]:
        """Every data view: id → index pattern."""
        answer = self._ask("GET", "/api/data_views")
        return {str(view["id"]): str(view.get("title", "")) for view in answer.get("data_view", ())}

    def data_view(self, view: str) -> ViewFields:
        """One data view with the fields that Kibana finds in its indices."""
        found = _below(self._ask("GET", f"/api/data_views/data_view/{quote(view, safe='')}"), "data_view")
        fields = {
            str(name): {
                "types": sorted(field.get("esTypes") or [field.get("type")]),
                "searchable": bool(field.get("searchable")),
                "aggregatable": bool(field.get("aggregatable")),
            }
            for name, field in (found.get("fields") or {}).items()
            if "_source" not in (field.get("esTypes") or ())
        }
        return ViewFields(view, str(found.get("title", "")), str(found.get("timeFieldName") or ""), fields)

    def search(self, index: str, body: Mapping[str, Any], session: int = 0) -> dict[str, Any]:
        """Elasticsearch's answer to a search as Discover sends it: asynchronous, asked after until it is there."""
        body = dict(body)
        total = {"track_total_hits": body.pop("track_total_hits")} if "track_total_hits" in body else {}
        asked = {"params": {"index": index, "body": body, **total}, "legacyHitsTotal": False}
        answer = self._ask("POST", "/internal/search/ese", session, internal=True, json=asked)
        if answer.get("isRunning"):
            answer = self._followed(answer, session)
        raw = answer.get("rawResponse")
        if not isinstance(raw, dict) or "hits" not in raw:
            raise StackError("Kibana's answer to a search holds no hits", hint=json.dumps(answer)[:300])
        if failure := _failure(raw):
            raise StackError(f"a search through Kibana was answered in part only: {failure}")
        return raw

    def built(self, kql: str, view: str, time_field: str, span: TimeRange) -> Built:
        """What Kibana's own server makes of KQL on a data view, and how many documents that finds.

        A time series panel is asked for, which is the one thing for which Kibana translates KQL on its server, and
        which tells the request it sent.
        """
        series = {
            "id": _SERIES,
            "metrics": [{"id": "count", "type": "count"}],
            "split_mode": "everything",
            **_DRAWN,
        }
        panel = {
            "id": _PANEL,
            "type": "timeseries",
            "index_pattern": {"id": view},
            "use_kibana_indexes": True,
            "time_field": time_field,
            "interval": "auto",
            "drop_last_bucket": 0,
            "series": [series],
        }
        asked = {
            "timerange": {"timezone": "UTC", "min": iso(span.begin), "max": iso(span.end)},
            "query": [{"language": "kuery", "query": kql}],
            "filters": [],
            "panels": [panel],
            "state": {},
        }
        return _built(self._ask("POST", "/internal/metrics/vis/data", internal=True, json=asked))

    def report(self, route: str, parameters: str) -> str:
        """Have a report made; the path from which it can be fetched once it is there."""
        path = self._ask("POST", route, json={"jobParams": parameters}).get("path")
        if not isinstance(path, str) or not path.startswith("/"):
            raise StackError("Kibana does not say where its report will be")
        return path

    def download(self, path: str) -> tuple[str, Mapping[str, str]] | None:
        """A report with its headers; None while it is being made."""
        answer = self._answered("GET", path, statuses=(200, 503))
        return (answer.text, answer.headers) if answer.status_code == 200 else None

    def _followed(self, answer: dict[str, Any], session: int) -> dict[str, Any]:
        """An asynchronous search asked after until it is done, and taken away."""
        path = f"/internal/search/ese/{quote(str(answer.get('id')), safe='')}"
        last = [answer]

        def done() -> bool:
            last[0] = self._ask("POST", path, session, internal=True, json={"params": {}, "legacyHitsTotal": False})
            return not last[0].get("isRunning")

        wait.until(done, deadline=self.deadline, saying="a search through Kibana")
        with contextlib.suppress(requests.RequestException):
            self._sessions[session].delete(self.url + path, headers=_INTERNAL, timeout=self.deadline)
        return last[0]

    def _ask(
        self,
        method: str,
        path: str,
        session: int = 0,
        *,
        internal: bool = False,
        statuses: Sequence[int] = (200,),
        **sent: Any,
    ) -> dict[str, Any]:
        answer = self._answered(method, path, session, internal=internal, statuses=statuses, **sent)
        route = path.partition("?")[0]
        try:
            found = answer.json()
        except ValueError as error:
            raise StackError(f"Kibana's answer to {route} is not JSON", hint=answer.text[:200]) from error
        if not isinstance(found, dict):
            raise StackError(f"Kibana's answer to {route} is no object", hint=answer.text[:200])
        return found

    def _answered(
        self,
        method: str,
        path: str,
        session: int = 0,
        *,
        internal: bool = False,
        statuses: Sequence[int] = (200,),
        **sent: Any,
    ) -> requests.Response:
        route, headers = path.partition("?")[0], _INTERNAL if internal else {}
        try:
            answer = self._sessions[session].request(
                method, self.url + path, headers=headers, timeout=self.deadline, **sent
            )
        except requests.RequestException as error:
            raise StackError(f"Kibana does not answer {route}: {type(error).__name__}: {error}") from error
        if answer.status_code in (401, 403):
            refusal = "does not know" if answer.status_code == 401 else "does not let in"
            raise StackError(f"Kibana {refusal} the user {self.user!r} at {route}", hint=_reason(answer))
        if answer.status_code not in statuses:
            raise StackError(f"Kibana answered {answer.status_code} to {route}", hint=_reason(answer))
        return answer


def _built(answer: Mapping[str, Any]) -> Built:
    panel, tracked = answer.get(_PANEL), answer.get("trackedEsSearches")
    searches = list(tracked.values()) if isinstance(tracked, dict) else []
    # An error beside a search that was made and answered is one of drawing, and no word about the query.
    if not searches and isinstance(panel, dict) and panel.get("error"):
        error = panel["error"]
        return Built(refused=str(error.get("message", error) if isinstance(error, dict) else error)[:400])
    if len(searches) != 1:
        raise StackError("Kibana does not tell the request it made of a query", hint=json.dumps(answer)[:300])
    query, response = _below(searches[0], "body").get("query"), _below(searches[0], "response")
    if not isinstance(query, dict) or "hits" not in response:
        raise StackError("Kibana tells no query of the request it made", hint=json.dumps(searches[0])[:300])
    if failure := _failure(response):
        raise StackError(f"a query through Kibana was answered in part only: {failure}")
    clauses = _below(query, "bool").get("filter")
    clause = clauses[0] if isinstance(clauses, list) and len(clauses) == 1 else {"bool": {"filter": clauses}}
    return Built(clause, query, total_of(response))


def total_of(raw: Mapping[str, Any]) -> int:
    """The hits in all; Kibana hands the number on by itself where an older interface asks for it so."""
    total = raw["hits"].get("total", 0)
    return int(total["value"] if isinstance(total, dict) else total)


def _below(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path; an empty one where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _failure(raw: Mapping[str, Any]) -> str:
    """Why an answer is not whole; empty when it is."""
    shards = _below(raw, "_shards")
    for failed in shards.get("failures", ()):
        return str(_below(failed, "reason").get("reason", failed))[:300]
    if shards.get("failed"):
        return f"{shards['failed']} shards did not answer"
    return "it timed out" if raw.get("timed_out") else ""


def _import_error(error: Any) -> str:
    """A reason of Kibana's import in words."""
    if not isinstance(error, dict):
        return str(error)
    if references := error.get("references"):
        named = ", ".join(f"{one.get('type')} `{one.get('id')}`" for one in references)
        return f"it refers to {named}, which Kibana does not have"
    kind = str(error.get("type", "unknown")).replace("_", " ")
    return f"{kind}: {error['message']}" if error.get("message") else kind


def _reason(answer: requests.Response) -> str:
    """What Kibana gives as the reason, shortened."""
    try:
        found = answer.json()
        cause = _below(found, "attributes", "error").get("reason")
        return str(cause or found.get("message", found))[:400]
    except (ValueError, AttributeError):
        return answer.text[:200]
