"""Asks Elasticsearch what Kibana would for a saved search, and who may ask at all. Judges nothing.

`Discover.ask` is one opening of a saved search: grid and chart asked at once, as the browser does, timed until both are
there. `Discover.ids` lists every hit, for comparison with what should have been found.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from harness.documents.searches import SavedSearch, Table
from harness.errors import StackError
from harness.languages.kql import Options, to_dsl
from harness.probes.search_requests import TimeRange, documents_body, histogram_body, query_of, table_body

ANSWER_SECONDS = 30.0
PAGE = 10_000
"""Hits per page of a listing: what an index gives at most at once, unless told otherwise."""

Auth = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a saved search: hits in all, the first of them, and how long it took.

    `seconds` is what a person waits, `took_seconds` the longer of the two answers as Elasticsearch counts it;
    `failures` are the reasons of shards that did not answer, and then the rest says little.
    """

    total: int
    first_ids: tuple[str, ...]
    bars: int
    seconds: float
    took_seconds: float
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """A table as it came back: rows, the hits counted in them and beyond them, and the time it took.

    `error` is by how much Elasticsearch says a row may be off, for each shard tells its own largest rows only.
    """

    total: int
    rows: tuple[tuple[str, int], ...]
    beyond: int
    error: int
    seconds: float
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is there to be searched: documents, shards, and the time of the first and the last (Unix seconds)."""

    documents: int
    shards: int
    begin: float | None
    end: float | None

    @property
    def days(self) -> float:
        """The days between the first and the last document."""
        return (self.end - self.begin) / 86400 if self.begin is not None and self.end is not None else 0.0


class Discover:
    """Kibana's side of a conversation with one Elasticsearch, as one user."""

    def __init__(self, url: str, auth: Auth, *, deadline: float = ANSWER_SECONDS) -> None:
        self.url = url.rstrip("/")
        self.auth = auth
        self.deadline = deadline
        # A connection per concurrent request, as a browser keeps them.
        self._sessions = (requests.Session(), requests.Session())
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="discover")

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.shutdown(wait=True)
        for session in self._sessions:
            session.close()

    def __enter__(self) -> Discover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> Opened:
        """Open a saved search once. Raises StackError when Elasticsearch refuses or does not answer."""
        query = query_of(search, mapping, span)
        grid_body, chart_body = documents_body(search, mapping, query), histogram_body(search, query, span)
        begun = time.perf_counter()
        charted = self._pool.submit(self._search, search.index, chart_body, 1)
        grid = self._search(search.index, grid_body)
        chart = charted.result()
        seconds = time.perf_counter() - begun
        buckets = chart.get("aggregations", {}).get("0", {}).get("buckets", [])
        return Opened(
            total=chart["hits"]["total"]["value"],
            first_ids=tuple(hit["_id"] for hit in grid["hits"]["hits"]),
            bars=len(buckets),
            seconds=seconds,
            took_seconds=max(grid["took"], chart["took"]) / 1000,
            failures=(*_failures(grid), *_failures(chart)),
        )

    def count(self, search: SavedSearch, table: Table, mapping: dict[str, Any], span: TimeRange) -> Counted:
        """Show the table built upon a search. Raises StackError as `ask` does."""
        body = table_body(search, table, mapping, query_of(search, mapping, span))
        begun = time.perf_counter()
        answer = self._search(search.index, body)
        seconds = time.perf_counter() - begun
        outer: Mapping[str, Any] = next((a for a in answer.get("aggregations", {}).values() if "buckets" in a), {})
        rows = tuple((str(bucket["key"]), int(bucket["doc_count"])) for bucket in outer.get("buckets", ()))
        beyond = int(outer.get("sum_other_doc_count", 0))
        error = int(outer.get("doc_count_error_upper_bound", 0))
        return Counted(answer["hits"]["total"]["value"], rows, beyond, error, seconds, _failures(answer))

    def ids(self, search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> frozenset[str]:
        """The id of every hit. Raises StackError, also when a shard did not answer: half a list proves nothing."""
        found: set[str] = set()
        body = {"query": query_of(search, mapping, span), "size": PAGE, "sort": ["_doc"], "_source": False}
        # A scroll, because a point in time asks for a sort that every index has, and this holds for any configuration.
        answer = self._search(search.index, body, scroll="1m")
        try:
            while hits := answer["hits"]["hits"]:
                if failures := _failures(answer):
                    raise StackError(f"listing the hits of {search.title}: {failures[0]}")
                found.update(hit["_id"] for hit in hits)
                answer = self._post("/_search/scroll", {"scroll": "1m", "scroll_id": answer["_scroll_id"]})
        finally:
            self._sessions[0].delete(
                f"{self.url}/_search/scroll",
                json={"scroll_id": answer.get("_scroll_id", "")},
                auth=self.auth,
                timeout=self.deadline,
            )
        return frozenset(found)

    def corpus(self, index: str, time_field: str) -> Corpus:
        """What an index pattern holds, and over which time. Raises StackError as `ask` does."""
        ends = {"first": {"min": {"field": time_field}}, "last": {"max": {"field": time_field}}} if time_field else {}
        answer = self._search(index, {"size": 0, "track_total_hits": True, **({"aggs": ends} if ends else {})})
        found = answer.get("aggregations", {})
        begin, end = (found.get(name, {}).get("value") for name in ("first", "last"))
        return Corpus(
            documents=answer["hits"]["total"]["value"],
            shards=answer["_shards"]["total"],
            begin=begin / 1000 if begin is not None else None,
            end=end / 1000 if end is not None else None,
        )

    def by_hour(self, search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> Mapping[int, int]:
        """How many hits there are in each hour that has any, by the hour's beginning (Unix seconds)."""
        hours = {"date_histogram": {"field": search.time_field, "fixed_interval": "1h", "min_doc_count": 1}}
        asked = {"size": 0, "track_total_hits": False, "query": query_of(search, mapping, span), "aggs": {"0": hours}}
        answer = self._search(search.index, asked)
        if failures := _failures(answer):
            raise StackError(f"counting the hits of {search.title} by the hour: {failures[0]}")
        return {int(b["key"]) // 1000: int(b["doc_count"]) for b in answer["aggregations"]["0"]["buckets"]}

    def fields(self, index: str, names: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        """Of each field that the indices have: its types, and whether it can be searched, sorted and counted by."""
        listed = ",".join(sorted(names))
        asked = {"ignore_unavailable": "true", "fields": listed}
        answer = self._post(f"/{quote(index, safe=',*-')}/_field_caps", {}, 0, asked)
        return {
            name: {
                "types": sorted(types),
                "searchable": all(caps["searchable"] for caps in types.values()),
                "aggregatable": all(caps["aggregatable"] for caps in types.values()),
            }
            for name, types in answer["fields"].items()
        }

    def number(self, index: str, kql: str, mapping: dict[str, Any], field: str, span: TimeRange) -> int:
        """How many documents a KQL query finds in a range."""
        query = {"bool": {"filter": [to_dsl(kql, mapping, Options(current=True)), span.filter(field)]}}
        answer = self._search(index, {"size": 0, "track_total_hits": True, "query": query})
        return int(answer["hits"]["total"]["value"])

    def matching(self, index: str, query: Mapping[str, Any], named: int = 20) -> tuple[int, tuple[str, ...]]:
        """How many documents a query finds, and the ids of some. Raises StackError when a shard did not answer."""
        asked = {"size": named, "track_total_hits": True, "query": query, "_source": False, "sort": ["_doc"]}
        answer = self._search(index, asked)
        if failures := _failures(answer):
            raise StackError(f"counting what a query finds: {failures[0]}")
        return int(answer["hits"]["total"]["value"]), tuple(str(hit["_id"]) for hit in answer["hits"]["hits"])

    def samples(self, index: str, count: int) -> list[dict[str, Any]]:
        """Some documents of an index, as they were stored."""
        answer = self._search(index, {"size": count, "sort": ["_doc"], "query": {"match_all": {}}})
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def trifle(self, index: str) -> float:
        """Seconds that a query takes which has nothing to do: what the machine and the way to the server cost now."""
        begun = time.perf_counter()
        self._search(index, {"size": 0, "query": {"match_none": {}}})
        return time.perf_counter() - begun

    def holding(self, index: str, fields: tuple[str, ...], ids: tuple[str, ...]) -> Mapping[str, int]:
        """How many of the documents `ids` hold each field; under the empty name, how many are there at all."""
        known: dict[str, Any] = {"ids": {"values": list(ids)}}
        filters = {field: {"exists": {"field": field}} for field in fields}
        # Elasticsearch takes an empty `filters` for a mistake.
        aggregations = {"aggs": {"holding": {"filters": {"filters": filters}}}} if filters else {}
        answer = self._search(index, {"size": 0, "track_total_hits": True, "query": known, **aggregations})
        buckets = answer.get("aggregations", {}).get("holding", {}).get("buckets", {})
        return {"": answer["hits"]["total"]["value"], **{name: b["doc_count"] for name, b in buckets.items()}}

    def clear_caches(self, index: str, auth: Auth) -> bool:
        """Empty Elasticsearch's caches of an index; whether it did. (The operating system's stay warm.)"""
        with _placed(self.url):
            answer = self._sessions[0].post(f"{self.url}/{index}/_cache/clear", auth=auth, timeout=self.deadline)
        return answer.ok

    def _search(self, index: str, body: Mapping[str, Any], session: int = 0, **parameters: str) -> dict[str, Any]:
        asked = {"ignore_unavailable": "true", **parameters}
        return self._post(f"/{quote(index, safe=',*-')}/_search", body, session, asked)

    def _post(
        self, path: str, body: Mapping[str, Any], session: int = 0, parameters: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        with _placed(self.url):
            answer = self._sessions[session].post(
                self.url + path, json=body, params=dict(parameters or {}), auth=self.auth, timeout=self.deadline
            )
        if answer.status_code != 200:
            raise StackError(f"Elasticsearch answered {answer.status_code} to {path}", hint=_reason(answer))
        try:
            found: dict[str, Any] = answer.json()
        except ValueError as error:
            raise StackError(f"Elasticsearch's answer to {path} is not JSON", hint=answer.text[:200]) from error
        return found


def refusals(url: str, index: str, reader: Auth, *, deadline: float = ANSWER_SECONDS) -> Mapping[str, int]:
    """The status of each attempt that must be refused. None of them changes anything, even where it is allowed.

    A write or a deletion names a version that no document has, so that it conflicts (409) where it is not forbidden
    (403); moving shards is only rehearsed.
    """
    base = f"{url.rstrip('/')}/{quote(index, safe=',*-')}"
    wrong = (reader[0], "not-" + reader[1]) if reader else ("nobody", "nothing")
    write = f"{base}/_doc/access-probe?if_seq_no=0&if_primary_term=1"
    attempts: tuple[tuple[str, str, str, Any, Auth], ...] = (
        ("anonymous read", "POST", f"{base}/_search", {"size": 0}, None),
        ("anonymous write", "PUT", write, {}, None),
        ("wrong password", "POST", f"{base}/_search", {"size": 0}, wrong),
        ("reader read", "POST", f"{base}/_search", {"size": 0}, reader),
        ("reader write", "PUT", write, {}, reader),
        ("reader delete", "DELETE", write, None, reader),
        ("reader administration", "POST", f"{url.rstrip('/')}/_cluster/reroute?dry_run=true", {}, reader),
    )
    statuses = {}
    with _placed(url):
        for name, method, address, body, auth in attempts:
            statuses[name] = requests.request(method, address, json=body, auth=auth, timeout=deadline).status_code
    return statuses


@contextmanager
def _placed(url: str) -> Iterator[None]:
    """Connection trouble as an error a person can read."""
    try:
        yield
    except requests.RequestException as error:
        raise StackError(f"Elasticsearch at {url} does not answer: {error}") from error


def _failures(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Why shards did not answer."""
    shards = answer.get("_shards", {})
    reasons = [str(f.get("reason", {}).get("reason", f)) for f in shards.get("failures", ())]
    if answer.get("timed_out"):
        reasons.append("timed out")
    return tuple(reasons) or (("a shard did not answer",) if shards.get("failed") else ())


def _reason(answer: requests.Response) -> str:
    """What Elasticsearch gives as the reason, shortened."""
    try:
        error = answer.json()["error"]
        causes = error.get("root_cause") or [error]
        return str(causes[0].get("reason", error))[:400]
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.text[:400]
