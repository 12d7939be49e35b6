"""The requests Kibana 9 sends for a saved search: Discover's documents, its histogram, and a table built upon it.

Pure: bodies in, nothing asked. Kibana sends them as async searches; Elasticsearch runs the same body either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.documents.searches import SavedSearch, Table
from harness.errors import UnreadableError, UnsupportedError
from harness.languages.kql import Options, fields_of, to_dsl
from harness.languages.kql.nodes import Wildcard

SAMPLE_SIZE = 500
"""Kibana's `discover:sampleSize`."""

BARS = 50
"""Kibana's `histogram:barTarget`."""

TIME_ZONE = "UTC"

_TIME_FORMAT = "strict_date_optional_time"
_HOUR = 3600.0
_DAY = 24 * _HOUR
# Kibana 9 time_buckets/calc_auto_interval: seconds a bar should hold at least → the interval it then gets. The 365 days
# are moment's year; beyond it a bar is a year.
_INTERVALS: tuple[tuple[float, str], ...] = (
    (365 * _DAY, "1y"),
    (21 * _DAY, "1M"),
    (7 * _DAY, "1w"),
    (_DAY, "1d"),
    (6 * _HOUR, "12h"),
    (2 * _HOUR, "3h"),
    (45 * 60, "1h"),
    (20 * 60, "30m"),
    (9 * 60, "10m"),
    (3 * 60, "5m"),
    (45, "1m"),
    (15, "30s"),
    (7.5, "10s"),
    (5, "5s"),
    (0.5, "1s"),
)
_CALENDAR = frozenset({"1y", "1M", "1w", "1d", "1h", "1m"})
_METRICS = frozenset({"avg", "sum", "min", "max", "cardinality", "percentiles"})


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What the time picker is set to, in Unix seconds."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.begin

    def filter(self, field: str) -> dict[str, Any]:
        """The filter Kibana makes of it."""
        return {"range": {field: {"format": _TIME_FORMAT, "gte": iso(self.begin), "lte": iso(self.end)}}}


def iso(moment: float) -> str:
    """Unix seconds as Kibana writes a moment: milliseconds and Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def query_of(search: SavedSearch, mapping: dict[str, Any], span: TimeRange) -> dict[str, Any]:
    """The query of a saved search with its filters and the time range. Raises UnreadableError, placed in the file."""
    if not search.index:
        raise UnreadableError(f"`{search.title}` has no data view, so Discover cannot open it", at=search.at())
    must: list[Any] = []
    filters: list[Any] = []
    if search.language == "kuery":
        filters.append(_kql(search, mapping))
    elif search.language == "lucene":
        if search.kql.strip():
            must.append(
                {"query_string": {"query": search.kql, "analyze_wildcard": True, "time_zone": TIME_ZONE}},
            )
    else:
        raise UnsupportedError(f"queries in {search.language!r} cannot be asked here", at=search.in_query())
    filters.extend(pill.query for pill in search.filters if not pill.negated)
    if search.time_field:
        filters.append(span.filter(search.time_field))
    refused = [pill.query for pill in search.filters if pill.negated]
    return {"bool": {"must": must, "filter": filters, "should": [], "must_not": refused}}


def documents_body(search: SavedSearch, mapping: dict[str, Any], query: Mapping[str, Any]) -> dict[str, Any]:
    """What Discover's grid asks for."""
    return {
        "track_total_hits": False,
        "sort": _sort(search),
        "fields": _fields(search, mapping),
        "size": SAMPLE_SIZE,
        "version": True,
        "script_fields": {},
        "stored_fields": ["*"],
        "runtime_mappings": dict(search.data_view.runtime_fields) if search.data_view else {},
        "_source": False,
        "query": query,
        "highlight": {
            "pre_tags": ["@kibana-highlighted-field@"],
            "post_tags": ["@/kibana-highlighted-field@"],
            "fields": {"*": {}},
            "fragment_size": 2147483647,
        },
    }


def histogram_body(search: SavedSearch, query: Mapping[str, Any], span: TimeRange) -> dict[str, Any]:
    """What Discover's chart asks for, which also counts the hits; a data view without time has no chart."""
    body = _counted(search, query)
    if not search.time_field:
        return body
    expression = interval_of(span)
    kind = "calendar_interval" if expression in _CALENDAR else "fixed_interval"
    over_time: dict[str, Any] = {
        "date_histogram": {
            "field": search.time_field,
            kind: expression,
            "time_zone": TIME_ZONE,
            "min_doc_count": 1,
            "extended_bounds": {"min": int(span.begin * 1000), "max": int(span.end * 1000)},
        }
    }
    body["aggs"] = {"0": over_time}
    if search.breakdown:
        terms = {"field": search.breakdown, "order": {"_count": "desc"}, "size": 3, "shard_size": 25}
        body["aggs"] = {"0": {"terms": terms, "aggs": {"1": over_time}}}
    return body


def table_body(search: SavedSearch, table: Table, mapping: dict[str, Any], query: Mapping[str, Any]) -> dict[str, Any]:
    """What a table built upon the search asks for: its buckets, the metrics innermost."""
    metrics: dict[str, Any] = {}
    buckets: list[tuple[str, dict[str, Any]]] = []
    for aggregation in table.aggregations:
        if not aggregation.get("enabled", True) or aggregation.get("type") == "count":
            continue
        name, asked = str(aggregation.get("id", "")), _aggregation(aggregation, table, mapping)
        if aggregation.get("schema") == "metric":
            metrics[name] = asked
        else:
            buckets.append((name, asked))
    inner = metrics
    for name, asked in reversed(buckets):
        inner = {name: {**asked, "aggs": inner} if inner else asked}
    return {**_counted(search, query), "aggs": inner}


def interval_of(span: TimeRange) -> str:
    """The interval Kibana's `auto` picks so that about 50 bars are drawn, e.g. `12h` for 30 days."""
    target = span.seconds / BARS
    shortest = f"{max(int(target * 1000), 1)}ms"
    return next((interval for bound, interval in _INTERVALS if bound <= target), shortest)


def _kql(search: SavedSearch, mapping: dict[str, Any]) -> dict[str, Any]:
    try:
        return to_dsl(search.kql, mapping, Options(time_zone=TIME_ZONE, current=True))
    except UnreadableError as error:
        raise UnreadableError(error.message, at=search.in_query(), hint=error.hint) from error


def _counted(search: SavedSearch, query: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "track_total_hits": True,
        "size": 0,
        "script_fields": {},
        "stored_fields": ["*"],
        "runtime_mappings": dict(search.data_view.runtime_fields) if search.data_view else {},
        "_source": {"excludes": []},
        "query": query,
    }


def _sort(search: SavedSearch) -> list[dict[str, Any]]:
    """The columns sorted by; by time a tie is broken by `_doc`, without a choice the newest come first."""
    pairs = search.sort or (((search.time_field, "desc"),) if search.time_field else ())
    made: list[dict[str, Any]] = []
    for name, direction in pairs:
        order: dict[str, Any] = {"order": direction, "unmapped_type": "boolean"}
        if name == search.time_field:
            order["format"] = _TIME_FORMAT
        made.append({name: order})
    if pairs and pairs[0][0] == search.time_field:
        made.append({"_doc": {"order": pairs[0][1], "unmapped_type": "boolean"}})
    return made


def _fields(search: SavedSearch, mapping: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields asked for: all, or with source filters each of those left; dates in Kibana's format."""
    known = fields_of(mapping)
    dates = [{"field": found.name, "format": _TIME_FORMAT} for found in known if found.is_date]
    refused = search.data_view.source_filters if search.data_view else ()
    if not refused:
        return [{"field": "*", "include_unmapped": True}, *dates]
    kept = [found for found in known if not any(_matches(pattern, found.name) for pattern in refused)]
    return [{"field": found.name} for found in kept if not found.is_date] + [
        date for date in dates if any(found.name == date["field"] for found in kept)
    ]


def _matches(pattern: str, name: str) -> bool:
    parts = tuple(pattern.split("*"))
    return Wildcard(parts).matches(name) if len(parts) > 1 else pattern == name


def _aggregation(aggregation: Mapping[str, Any], table: Table, mapping: dict[str, Any]) -> dict[str, Any]:
    """One aggregation of a table in Elasticsearch's terms."""
    kind, params = str(aggregation.get("type")), aggregation.get("params")
    params = params if isinstance(params, dict) else {}
    if kind == "terms":
        # The order by a count is Elasticsearch's own; by another metric it names that metric's id.
        by = "_count" if params.get("orderBy") in (None, "1", "_count") else str(params["orderBy"])
        size = int(params.get("size", 5))
        shard = {"shard_size": 25} if size < 10 else {}
        return {
            "terms": {"field": params.get("field"), "order": {by: params.get("order", "desc")}, "size": size, **shard}
        }
    if kind in _METRICS:
        extra = {"percents": params["percents"]} if kind == "percentiles" and "percents" in params else {}
        return {kind: {"field": params.get("field"), **extra}}
    if kind == "filtered_metric":
        asked = params.get("customBucket", {}).get("params", {}).get("filter", {})
        return {"filter": to_dsl(str(asked.get("query", "")), mapping, Options(time_zone=TIME_ZONE, current=True))}
    raise UnsupportedError(f"aggregation {kind!r} of table `{table.title}` cannot be asked here", at=table.view.at())
