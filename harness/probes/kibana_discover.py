"""Opens a saved search through Kibana as Discover does, and lists every hit of it. Judges nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from harness.documents.searches import SavedSearch
from harness.errors import StackError
from harness.probes.kibana import Kibana, total_of
from harness.probes.search_requests import TimeRange, documents_body, histogram_body, query_of

PAGE = 10_000
"""Hits of one answer: what an index gives at most at once, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A saved search opened once: hits that the chart counts, rows of the grid, and seconds until both were there."""

    hits: int
    rows: int
    seconds: float


def opened(kibana: Kibana, search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> Opening:
    """Ask for grid and chart at once, as the browser does. Raises StackError as `Kibana.search` does."""
    query = query_of(search, mapping, span)
    grid_body, chart_body = documents_body(search, mapping, query), histogram_body(search, query, span)
    begun = time.perf_counter()
    with ThreadPoolExecutor(1, thread_name_prefix="kibana") as pool:
        charted = pool.submit(kibana.search, search.index, chart_body, 1)
        grid = kibana.search(search.index, grid_body)
        chart = charted.result()
    return Opening(total_of(chart), len(grid["hits"]["hits"]), time.perf_counter() - begun)


def ids(kibana: Kibana, search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> frozenset[str]:
    """The id of every hit: the range is halved until what is in it fits one answer. Raises StackError."""
    body = {"query": query_of(search, mapping, span), "size": PAGE, "_source": False, "track_total_hits": True}
    answer = kibana.search(search.index, body)
    if total_of(answer) <= PAGE:
        found = frozenset(str(hit["_id"]) for hit in answer["hits"]["hits"])
        if len(found) != total_of(answer):
            raise StackError(f"Kibana counts {total_of(answer)} hits of {search.title} and hands {len(found)} over")
        return found
    begin, end = int(span.begin * 1000), int(span.end * 1000)
    if not search.time_field or end - begin < 2:
        raise StackError(f"{search.title} has more hits than one answer holds, and no time to divide them by")
    middle = (begin + end) // 2
    earlier, later = TimeRange(begin / 1000, middle / 1000), TimeRange((middle + 1) / 1000, end / 1000)
    return ids(kibana, search, mapping, earlier) | ids(kibana, search, mapping, later)
