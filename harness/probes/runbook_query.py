"""Asks what a runbook says to ask: PromQL of Prometheus, KQL of Elasticsearch as Kibana would. Judges nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

from harness.diagnosis import Answer
from harness.errors import HarnessError
from harness.languages import kql
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.panel_selectors import selectors
from harness.probes.search_requests import TimeRange

ANSWER_SECONDS = 10.0
ROWS = 5


def ask_prometheus(url: str, query: str, at: float | None = None) -> Answer:
    """The series that ranks first: the largest value that is a number."""
    began = time.perf_counter()
    try:
        data = _queried(url, query, at)
    except RefusedError as error:
        return Answer("promql", query, error=str(error))
    kind, result = data["resultType"], data["result"]
    series = [({}, float(result[1]))] if kind == "scalar" else [(o["metric"], float(o["value"][1])) for o in result]
    ranked = sorted((one for one in series if math.isfinite(one[1])), key=lambda one: -one[1])
    labels, value = ranked[0] if ranked else ({}, 0.0)
    return Answer("promql", query, labels, value, len(ranked), seconds=time.perf_counter() - began)


def scrapes(url: str, query: str, since: float, until: float) -> list[list[float]]:
    """When each series that a query selects was sampled between two moments (Unix seconds), in order.

    Raises RefusedError when Prometheus does not answer.
    """
    over = f"[{math.ceil(until - since)}s]"
    answers = (_queried(url, f"{selector.text}{over}", until) for selector in selectors(query))
    return [[float(at) for at, _ in series["values"]] for data in answers for series in data["result"]]


def _queried(url: str, query: str, at: float | None) -> dict[str, Any]:
    moment = {"time": f"{at:.3f}"} if at is not None else {}
    answer = Connection(url, deadline_seconds=ANSWER_SECONDS).get("/api/v1/query", {"query": query, **moment})
    data: dict[str, Any] = answer["data"]
    return data


class Logs:
    """One user's view of the log index: `ask` is a search in Discover with a breakdown by one field."""

    def __init__(self, url: str, auth: tuple[str, str], index: str, time_field: str, mapping: dict[str, Any]) -> None:
        self._url, self._auth, self._index, self._time_field = url, auth, index, time_field
        self._mapping = mapping

    def ask(self, query: str, by: str, span: TimeRange) -> Answer:
        """The hits of a KQL query in a time range: how many, the commonest value of `by`, the age of the newest."""
        began = time.perf_counter()
        try:
            body = self._body(query, by, span)
            path = f"{self._url}/{quote(self._index, safe=',*-')}/_search"
            answer = requests.post(path, json=body, auth=self._auth, timeout=ANSWER_SECONDS)
            found = answer.json()
        except HarnessError as error:
            return Answer("kql", query, error=error.message[:300])
        except (requests.RequestException, ValueError) as error:
            return Answer("kql", query, error=f"{type(error).__name__}: {error}"[:300])
        if answer.status_code != 200:
            return Answer("kql", query, error=f"Elasticsearch answered {answer.status_code}: {answer.text[:200]}")
        return self._answer(query, by, found, time.perf_counter() - began)

    def _body(self, query: str, by: str, span: TimeRange) -> dict[str, Any]:
        filters = [kql.to_dsl(query, self._mapping), span.filter(self._time_field)]
        aggregations: dict[str, Any] = {"newest": {"max": {"field": self._time_field}}}
        if by:
            aggregations["by"] = {"terms": {"field": by, "size": ROWS}}
        return {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": filters}}, "aggs": aggregations}

    def _answer(self, query: str, by: str, found: Mapping[str, Any], seconds: float) -> Answer:
        buckets = found["aggregations"].get("by", {}).get("buckets", [])
        first = {by: str(buckets[0]["key"])} if buckets else {}
        newest = found["aggregations"]["newest"].get("value")
        age = time.time() - float(newest) / 1000 if newest is not None else None
        total = int(found["hits"]["total"]["value"])
        return Answer("kql", query, first, float(buckets[0]["doc_count"] if buckets else total), total, age, seconds)


def last(seconds: float, now: float | None = None) -> TimeRange:
    """The time range of the last so many seconds."""
    end = time.time() if now is None else now
    return TimeRange(end - seconds, end)
