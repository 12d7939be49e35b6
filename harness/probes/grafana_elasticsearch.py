"""An Elasticsearch datasource as Grafana asks it: the queries of one panel in one `_msearch`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from harness.documents.dashboard import Annotation
from harness.errors import UnsupportedError
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_msearch import DOCUMENTS, Search, body
from harness.probes.grafana_series import lines_of
from harness.probes.grafana_time import TimeRange
from harness.probes.panel_answer import Reply, State

_LAST_VALUES_KEPT = 50
_ANNOTATIONS_MOST = 10000


class ElasticsearchSource:
    """One Elasticsearch datasource: where, which index, which field is the time."""

    kind = "elasticsearch"

    def __init__(
        self,
        uid: str,
        connection: Connection,
        index: str,
        time_field: str = "@timestamp",
        interval_seconds: float = 10.0,
        shards_at_once: int = 5,
    ) -> None:
        self.uid = uid
        self.connection = connection
        self.index = index
        self.time_field = time_field
        self.interval_seconds = interval_seconds
        self._shards_at_once = shards_at_once

    def ask(self, searches: Sequence[Search]) -> tuple[Reply, ...]:
        """The answers to a panel's queries, in one request."""
        try:
            bodies = [body(search) for search in searches]
            answers = self._search(bodies)
        except (RefusedError, UnsupportedError) as error:
            return tuple(Reply.failed(str(error)) for _ in searches)
        return tuple(_reply(answer, search) for answer, search in zip(answers, searches, strict=True))

    def annotate(self, annotation: Annotation, query: str, shown: TimeRange) -> Reply:
        """The events an annotation draws."""
        time_field = annotation.view.text("timeField") or self.time_field
        # Grafana before 12.2.4 and 12.3.2 said `from` and `to`, which Elasticsearch 9 refuses (grafana#113723).
        bounds = {"gte": round(shown.start * 1000), "lte": round(shown.end * 1000), "format": "epoch_millis"}
        within = {"bool": {"should": [{"range": {time_field: bounds}}], "minimum_should_match": 1}}
        filters: list[Any] = [within, *([{"query_string": {"query": query}}] if query else [])]
        try:
            answer = self._search([{"query": {"bool": {"filter": filters}}, "size": _ANNOTATIONS_MOST}])[0]
        except RefusedError as error:
            return Reply.failed(str(error))
        return _refusal(answer) or _counted(len(answer["hits"]["hits"]), len(answer["hits"]["hits"]), {})

    def options(self, query: str, shown: TimeRange) -> Reply:
        """The values a variable's query, e.g. `{"find": "terms", "field": "role"}`, offers."""
        wanted = json.loads(query) if query.startswith("{") else {}
        if wanted.get("find") != "terms":
            hint = 'Understood is {"find": "terms", "field": …, "query": …}.'
            raise UnsupportedError(f"the variable query {query!r} is not understood here", hint=hint)
        bounds = {"gte": round(shown.start * 1000), "lte": round(shown.end * 1000), "format": "epoch_millis"}
        filters: list[Any] = [{"range": {self.time_field: bounds}}]
        if wanted.get("query"):
            filters.append({"query_string": {"analyze_wildcard": True, "query": wanted["query"]}})
        terms = {"field": wanted.get("field"), "size": int(wanted.get("size") or 500), "order": {"_key": "asc"}}
        try:
            asked = {"size": 0, "query": {"bool": {"filter": filters}}, "aggs": {"1": {"terms": terms}}}
            answer = self._search([asked])[0]
        except RefusedError as error:
            return Reply.failed(str(error))
        found = answer.get("aggregations", {}).get("1", {}).get("buckets", [])
        values = tuple(str(bucket.get("key_as_string", bucket["key"])) for bucket in found)
        state = State.DATA if values else State.NO_DATA
        return _refusal(answer) or Reply(state, series=len(values), options=values)

    def documents(self, shown: TimeRange) -> int:
        """How many documents there are in the range at all. Raises RefusedError."""
        bounds = {"gte": round(shown.start * 1000), "lte": round(shown.end * 1000), "format": "epoch_millis"}
        asked = {"size": 0, "track_total_hits": True, "query": {"range": {self.time_field: bounds}}}
        answer = self._search([asked])[0]
        if refused := _refusal(answer):
            raise RefusedError(refused.message)
        return int(answer["hits"]["total"]["value"])

    def _search(self, bodies: Sequence[Any]) -> list[Any]:
        header = {"ignore_unavailable": True, "index": self.index, "search_type": "query_then_fetch"}
        lines = "".join(f"{json.dumps(header)}\n{json.dumps(one)}\n" for one in bodies)
        parameters = {"max_concurrent_shard_requests": self._shards_at_once}
        found = self.connection.post_lines("/_msearch", parameters, lines)
        responses: list[Any] = found["responses"]
        return responses


def _refusal(answer: Any) -> Reply | None:
    """An error in one of the answers of an `_msearch`, which as a whole has still succeeded; None when all is well."""
    if "error" in answer:
        error = answer["error"]
        cause = (error.get("root_cause") or [error])[0] if isinstance(error, dict) else {"reason": error}
        return Reply.failed(f"{cause.get('type', '')}: {cause.get('reason', '')}")
    if answer.get("timed_out"):
        return Reply.failed("the search timed out; what it returned is a part only")
    shards = answer.get("_shards", {})
    if shards.get("failed"):
        return Reply.failed(f"{shards['failed']} of {shards.get('total')} shards failed; the rest is a part only")
    return None


def _reply(answer: Any, search: Search) -> Reply:
    refused = _refusal(answer)
    if refused:
        return refused
    if search.kind in (*DOCUMENTS, "logs"):
        hits = answer["hits"]["hits"]
        return replace(_counted(1 if hits else 0, len(hits), {}), documents=tuple(str(hit["_id"]) for hit in hits))
    series: dict[str, list[float]] = {}
    for name, value in _values(answer.get("aggregations", {}), search, ()):
        series.setdefault(name, []).append(value)
    lines = tuple(lines_of(answer.get("aggregations", {}), search))
    matched = answer["hits"]["total"]["value"]
    if not matched:
        return _counted(0, 0, {})
    last = {name: values[-1] for name, values in list(series.items())[:_LAST_VALUES_KEPT]}
    points = sum(len(values) for values in series.values())
    finite = {name: value for name, value in last.items() if math.isfinite(value)}
    if points and not any(math.isfinite(value) for values in series.values() for value in values):
        return Reply(State.NAN, len(series), points, lines=lines)
    return replace(_counted(len(series), points, finite), lines=lines)


def _counted(series: int, points: int, last: dict[str, float]) -> Reply:
    return Reply(State.DATA if points else State.NO_DATA, series, points, last=last)


def _values(level: Any, search: Search, path: tuple[str, ...], depth: int = 0) -> Iterator[tuple[str, float]]:
    """Each metric of each innermost bucket, named by the buckets it is in except for those of time."""
    if depth == len(search.buckets):
        yield from _metric_values(level, search, path)
        return
    bucket = search.buckets[depth]
    found = level.get(str(bucket["id"]), {}).get("buckets", [])
    named = found.items() if isinstance(found, dict) else ((b.get("key_as_string", b.get("key")), b) for b in found)
    for key, inner in named:
        step = () if bucket["type"] == "date_histogram" else (str(key),)
        yield from _values(inner, search, (*path, *step), depth + 1)


def _metric_values(bucket: Any, search: Search, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    for metric in search.metrics:
        kind = metric.get("type")
        name = "{" + ", ".join((*path, str(kind))) + "}"
        if kind == "count":
            yield name, float(bucket.get("doc_count", 0))
            continue
        answered = bucket.get(str(metric["id"]), {})
        values = answered.get("values", {"": answered.get("value")})
        for part, value in values.items():
            yield f"{name}{part}", math.nan if value is None else float(value)
