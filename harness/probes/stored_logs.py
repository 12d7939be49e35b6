"""Reads back what Elasticsearch stored: how many documents there are, and every one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
import requests

from harness.errors import StackError

PAGE = 2000
ANSWER_SECONDS = 60.0
_KEPT_OPEN = "1m"

Auth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """One document: the index it is in, its id, and its content."""

    index: str
    id: str
    source: Mapping[str, Any]


class StoredLogs:
    """One user's view of one Elasticsearch."""

    def __init__(self, url: str, auth: Auth) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = auth

    def count(self, index: str) -> int:
        """How many documents an index or alias holds; 0 when there is none of that name. Raises StackError."""
        answer = self._ask("GET", f"{quote(index)}/_count?ignore_unavailable=true")
        return int(answer["count"])

    def count_of(self, index: str, field: str, values: Collection[str]) -> int:
        """How many of an index's documents have one of these values in a keyword field. Raises StackError."""
        query = {"query": {"terms": {field: sorted(values)}}}
        return int(self._ask("POST", f"{quote(index)}/_count?ignore_unavailable=true", query)["count"])

    def refresh(self, index: str) -> None:
        """Make what was stored visible to searches now."""
        self._ask("POST", f"{quote(index)}/_refresh?ignore_unavailable=true")

    def documents(self, index: str = "*") -> Iterator[Stored]:
        """Every document that this user may read, once each, in no particular order. Raises StackError."""
        # A scroll, because it needs no unique field to page by: two documents with one eventId must both be seen.
        body = {"size": PAGE, "sort": ["_doc"], "query": {"match_all": {}}}
        answer = self._ask("POST", f"{quote(index)}/_search?scroll={_KEPT_OPEN}&ignore_unavailable=true", body)
        scroll = answer.get("_scroll_id")
        try:
            while hits := answer["hits"]["hits"]:
                yield from (Stored(hit["_index"], hit["_id"], hit["_source"]) for hit in hits)
                answer = self._ask("POST", "_search/scroll", {"scroll": _KEPT_OPEN, "scroll_id": scroll})
                scroll = answer.get("_scroll_id", scroll)
        finally:
            if scroll:
                self._session.delete(f"{self._url}/_search/scroll", json={"scroll_id": scroll}, timeout=ANSWER_SECONDS)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            raise StackError(f"Elasticsearch at {self._url} does not answer: {type(error).__name__}") from error
        if answer.status_code != requests.codes.ok:
            reason = answer.text[:300]
            raise StackError(f"Elasticsearch refused {method} /{path.partition('?')[0]}: {answer.status_code} {reason}")
        parsed: dict[str, Any] = orjson.loads(answer.content)
        return parsed
