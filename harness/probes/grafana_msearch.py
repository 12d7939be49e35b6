"""The body of an Elasticsearch search as Grafana's datasource builds it from what a panel stores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UnsupportedError
from harness.probes.grafana_time import TimeRange

DOCUMENTS = ("raw_data", "raw_document")
_DEFAULT_SIZE = 500
_CALENDAR = {"1w", "1M", "1q", "1y"}
_PIPELINES = {"moving_avg", "moving_fn", "derivative", "serial_diff", "cumulative_sum", "bucket_script"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """One stored query with its variables filled in."""

    query: str
    metrics: tuple[Json, ...]
    buckets: tuple[Json, ...]
    shown: TimeRange
    interval_seconds: float
    time_field: str = "@timestamp"
    alias: str = ""
    ref: str = "A"
    max_points: int = 0

    @property
    def kind(self) -> str:
        """The type of the first metric, which decides what sort of answer this asks for."""
        return str(self.metrics[0].get("type", "count")) if self.metrics else "count"


def body(search: Search) -> Json:
    """The search body. Raises UnsupportedError for an aggregation that is not known here."""
    if not search.buckets and search.kind not in (*DOCUMENTS, "logs"):
        raise UnsupportedError("invalid query, missing metrics and aggregations")
    made: Json = {"size": 0, "query": {"bool": {"filter": _filters(search)}}}
    if search.kind == "logs":
        return (
            made | _documents(search, "limit") | {"aggs": {"1": _date_histogram({}, search)}, "highlight": _highlight()}
        )
    if search.kind in DOCUMENTS:
        return made | _documents(search, "size")
    return made | {"aggs": _nested(search.buckets, search)}


def _filters(search: Search) -> list[Json]:
    bounds = {"gte": _ms(search.shown.start), "lte": _ms(search.shown.end), "format": "epoch_millis"}
    filters: list[Json] = [{"range": {search.time_field: bounds}}]
    if search.query.strip():
        filters.append({"query_string": {"analyze_wildcard": True, "query": search.query}})
    return filters


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _documents(search: Search, size_setting: str) -> Json:
    settings = search.metrics[0].get("settings") or {}
    newest = {search.time_field: {"order": "desc", "unmapped_type": "boolean"}, "_doc": {"order": "desc"}}
    made = {"size": _number(settings.get(size_setting), _DEFAULT_SIZE), "sort": newest, "script_fields": {}}
    made["docvalue_fields"] = [search.time_field]
    if search.kind != "raw_document":
        made["fields"] = [{"field": search.time_field, "format": "strict_date_optional_time_nanos"}]
    return made


def _highlight() -> Json:
    tags = {"pre_tags": ["@HIGHLIGHT@"], "post_tags": ["@/HIGHLIGHT@"]}
    return {"fields": {"*": {}}, "fragment_size": 2147483647, **tags}


def _nested(buckets: Sequence[Json], search: Search) -> Json:
    """Each bucket aggregation inside of the one before it; the metrics are inside of the innermost."""
    if not buckets:
        return _metrics(search.metrics)
    first, rest = buckets[0], buckets[1:]
    made = _bucket(first, search)
    inner = _nested(rest, search)
    ordering = _ordered_by(first, search.metrics)
    if ordering:
        inner = {str(ordering["id"]): _metric(ordering)} | inner
    if inner:
        made["aggs"] = inner
    return {str(first["id"]): made}


def _bucket(bucket: Json, search: Search) -> Json:
    settings, field = bucket.get("settings") or {}, bucket.get("field")
    kind = bucket.get("type")
    if kind == "date_histogram":
        return _date_histogram(bucket, search)
    if kind == "terms":
        return {"terms": _terms(settings, field, search.metrics)}
    if kind == "filters":
        named = {f.get("label") or f["query"]: f["query"] for f in settings.get("filters", [])}
        queries = {k: {"query_string": {"analyze_wildcard": True, "query": q}} for k, q in named.items()}
        return {"filters": {"filters": queries}}
    if kind == "histogram":
        width = float(settings.get("interval") or 1000)
        return {"histogram": {"field": field, "interval": width, "min_doc_count": _minimum(settings)}}
    if kind == "nested":
        return {"nested": {"path": field}}
    if kind == "geohash_grid":
        return {"geohash_grid": {"field": field, "precision": _number(settings.get("precision"), 3)}}
    raise UnsupportedError(f"the bucket aggregation {kind!r} is not known here")


def _date_histogram(bucket: Json, search: Search) -> Json:
    settings = bucket.get("settings") or {}
    width = str(settings.get("interval", "auto"))
    if width == "auto":
        width = f"{_ms(search.interval_seconds)}ms"
    made: Json = {"field": bucket.get("field") or search.time_field, "min_doc_count": _minimum(settings)}
    made["calendar_interval" if width in _CALENDAR else "fixed_interval"] = width
    made["extended_bounds"] = {"min": _ms(search.shown.start), "max": _ms(search.shown.end)}
    made["format"] = settings.get("format") or "epoch_millis"
    made |= {name: settings[name] for name in ("offset", "missing") if settings.get(name)}
    if settings.get("timeZone", "utc") != "utc":
        made["time_zone"] = settings["timeZone"]
    return {"date_histogram": made}


def _terms(settings: Json, field: Any, metrics: Sequence[Json]) -> Json:
    made: Json = {"field": field, "size": _number(settings.get("size"), _DEFAULT_SIZE)}
    if settings.get("min_doc_count") is not None:
        made["min_doc_count"] = _minimum(settings)
    if settings.get("missing"):
        made["missing"] = settings["missing"]
    by = str(settings.get("orderBy", ""))
    if by:
        counted = re.match(r"\d+", by) and any(m["id"] == by and m["type"] == "count" for m in metrics)
        key = "_count" if counted else "_key" if by == "_term" else by
        made["order"] = {key: settings.get("order", "desc")}
    return made


def _ordered_by(bucket: Json, metrics: Sequence[Json]) -> Json | None:
    by = re.match(r"\d+", str((bucket.get("settings") or {}).get("orderBy", "")))
    if bucket.get("type") != "terms" or not by:
        return None
    return next((m for m in metrics if m.get("id") == by[0] and m.get("type") != "count"), None)


def _metrics(metrics: Sequence[Json]) -> Json:
    made = {}
    for metric in metrics:
        if metric.get("type") == "count":
            continue
        if metric.get("type") in _PIPELINES:
            made[str(metric["id"])] = _pipeline(metric, metrics)
        else:
            made[str(metric["id"])] = _metric(metric)
    return made


def _metric(metric: Json) -> Json:
    settings = {name: value for name, value in (metric.get("settings") or {}).items() if value is not None}
    return {str(metric["type"]): {"field": metric.get("field"), **settings}}


def _pipeline(metric: Json, metrics: Sequence[Json]) -> Json:
    kinds = {str(m["id"]): m.get("type") for m in metrics}

    def path(reference: Any) -> str:
        return "_count" if kinds.get(str(reference)) == "count" else str(reference)

    variables: Sequence[Mapping[str, Any]] = metric.get("pipelineVariables") or ()
    paths: Any = {v["name"]: path(v["pipelineAgg"]) for v in variables} or path(
        metric.get("field") or metric.get("pipelineAgg")
    )
    return {str(metric["type"]): {"buckets_path": paths, **(metric.get("settings") or {})}}


def _minimum(settings: Json) -> int:
    return int(settings.get("min_doc_count") or 0)


def _number(value: Any, default: int) -> int:
    try:
        return int(value) or default
    except (TypeError, ValueError):
        return default
