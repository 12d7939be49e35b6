"""Has Kibana export a saved search as CSV, as Discover's Share menu does; that report is in the basic licence.

Public API: `POST /api/reporting/generate/csv_searchsource` makes a job, `GET` of the path it answers with is 503 until
the report is there, 500 when it failed. Job parameters are Rison, which reads like JSON without most quotes.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness import wait
from harness.documents.searches import SavedSearch
from harness.errors import StackError
from harness.probes.kibana import Kibana
from harness.probes.search_requests import TIME_ZONE, TimeRange, iso

REPORT_SECONDS, LOOK_SECONDS = 120.0, 1.0
GENERATE = "/api/reporting/generate/csv_searchsource"


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report: its columns, the id of each row in order, whether Kibana cut it off, and seconds it took."""

    columns: tuple[str, ...]
    ids: tuple[str, ...]
    cut_off: bool
    seconds: float


def exported(kibana: Kibana, search: SavedSearch, span: TimeRange, version: str) -> Report:
    """Export every hit of a search over a range. Raises StackError when the report fails, DeadlineError when it takes
    too long."""
    columns = tuple(dict.fromkeys([search.time_field, *search.columns, "_id"]))
    within = {"meta": {"index": search.data_view_id, "params": {}}, "query": span.filter(search.time_field)}
    pills = [{"meta": {"negate": pill.negated}, "query": pill.query} for pill in search.filters]
    source = {
        "index": search.data_view_id,
        "query": {"language": search.language, "query": search.kql},
        "filter": [within, *pills],
        "fields": [{"field": name} for name in columns if name != "_id"],
        "sort": [{search.time_field: "asc"}],
    }
    asked = {
        "browserTimezone": TIME_ZONE,
        "columns": [*columns],
        "objectType": "search",
        "searchSource": source,
        "title": f"{search.title}, {iso(span.begin)} to {iso(span.end)}",
        "version": version,
    }
    begun = time.perf_counter()
    path = kibana.report(GENERATE, rison(asked))
    found: list[tuple[str, Mapping[str, str]]] = []

    def done() -> bool:
        answer = kibana.download(path)
        found.extend([answer] if answer else [])
        return bool(found)

    wait.until(done, deadline=REPORT_SECONDS, saying=f"Kibana's report of {search.title}", every=LOOK_SECONDS)
    text, headers = found[0]
    rows = [*csv.reader(io.StringIO(text.removeprefix("\ufeff")))]
    if not rows or "_id" not in rows[0]:
        raise StackError(f"Kibana's report of {search.title} has no column `_id`", hint=text[:200])
    if uneven := [row for row in rows[1:] if len(row) != len(rows[0])]:
        raise StackError(f"Kibana's report of {search.title} has {len(uneven)} rows of another width than its header")
    at = rows[0].index("_id")
    cut_off = headers.get("kbn-max-size-reached") == "true"
    return Report(tuple(rows[0]), tuple(row[at] for row in rows[1:]), cut_off, time.perf_counter() - begun)


def rison(value: Any) -> str:
    """A JSON value as Rison, every text quoted."""
    if isinstance(value, Mapping):
        return "(" + ",".join(f"{rison(str(key))}:{rison(one)}" for key, one in value.items()) + ")"
    if isinstance(value, list | tuple):
        return "!(" + ",".join(map(rison, value)) + ")"
    if isinstance(value, str):
        return "'" + value.replace("!", "!!").replace("'", "!'") + "'"
    if value is None:
        return "!n"
    return ("!t" if value else "!f") if isinstance(value, bool) else json.dumps(value)
