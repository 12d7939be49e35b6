"""Exports a saved search as CSV, every hit once: what a compliance reviewer is handed.

A point in time is opened, so that lines which come in meanwhile neither shift a page nor appear in it, and paged
through with `search_after`; the sort ends with `_shard_doc`, which no two documents share.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO
from urllib.parse import quote

import requests

from harness.documents.searches import SavedSearch
from harness.errors import StackError
from harness.probes.search import Auth
from harness.probes.search_requests import TimeRange, query_of

PAGE = 5000
KEPT_OPEN = "2m"
ANSWER_SECONDS = 60.0
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows without the header, how many hits Elasticsearch counted, and in how many pages."""

    rows: int
    counted: int
    pages: int
    columns: tuple[str, ...]


def export(
    url: str, auth: Auth, search: SavedSearch, mapping: dict[str, Any], span: TimeRange, out: TextIO
) -> Exported:
    """Write every hit of a search in a range, the oldest first: time, the search's columns, id. Raises StackError."""
    columns = tuple(dict.fromkeys([*([search.time_field] if search.time_field else []), *search.columns, "_id"]))
    writer = csv.writer(out)
    writer.writerow(columns)
    sort: list[Any] = [{search.time_field: "asc"}] if search.time_field else []
    asked: dict[str, Any] = {
        "size": PAGE,
        "track_total_hits": True,
        "query": query_of(search, mapping, span),
        "sort": [*sort, {"_shard_doc": "asc"}],
        "fields": [{"field": name} for name in columns if name != "_id"],
        "_source": False,
    }
    rows = counted = pages = 0
    session = requests.Session()
    session.auth = auth
    with _point_in_time(session, url.rstrip("/"), search.index) as point:
        while True:
            answer = _ask(session, "POST", f"{url.rstrip('/')}/_search", {**asked, "pit": point})
            if answer.get("timed_out") or answer["_shards"]["failed"]:
                raise StackError(f"exporting {search.title}: not every shard answered, so the list would not be whole")
            hits = answer["hits"]["hits"]
            counted = max(counted, answer["hits"].get("total", {}).get("value", 0))
            if not hits:
                return Exported(rows, counted, pages, columns)
            for hit in hits:
                writer.writerow([_cell(hit, name) for name in columns])
            rows, pages = rows + len(hits), pages + 1
            # The total is counted once; every page after it would count again.
            asked |= {"search_after": hits[-1]["sort"], "track_total_hits": False}


@contextmanager
def _point_in_time(session: requests.Session, url: str, index: str) -> Iterator[dict[str, str]]:
    opened = _ask(session, "POST", f"{url}/{quote(index, safe=',*-')}/_pit?keep_alive={KEPT_OPEN}", None)
    try:
        yield {"id": opened["id"], "keep_alive": KEPT_OPEN}
    finally:
        session.delete(f"{url}/_pit", json={"id": opened["id"]}, timeout=ANSWER_SECONDS)


def _ask(session: requests.Session, method: str, url: str, body: Any) -> dict[str, Any]:
    try:
        answer = session.request(method, url, json=body, timeout=ANSWER_SECONDS)
    except requests.RequestException as error:
        raise StackError(f"Elasticsearch does not answer: {type(error).__name__}: {error}") from error
    if not answer.ok:
        raise StackError(f"Elasticsearch answered {answer.status_code} to an export", hint=answer.text[:300])
    found: dict[str, Any] = answer.json()
    return found


def _cell(hit: Mapping[str, Any], name: str) -> str:
    """A value as a cell; several are separated by `; `. What a spreadsheet would run as a formula is quoted."""
    if name == "_id":
        return str(hit["_id"])
    text = "; ".join(_text(value) for value in hit.get("fields", {}).get(name, ()))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
