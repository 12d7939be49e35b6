"""The series that Grafana's Elasticsearch datasource makes of an answer's buckets, named as it names them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.probes.grafana_msearch import Search
from harness.probes.panel_answer import Line

_ALIAS = re.compile(r"\{\{([\s\S]+?)\}\}")
_METRICS = {"count": "Count", "avg": "Average", "sum": "Sum", "max": "Max", "min": "Min", "cardinality": "Unique Count"}
Labels = tuple[tuple[str, str], ...]


def lines_of(aggregations: Any, search: Search) -> Iterator[Line]:
    """A line per combination of buckets and metric; without buckets of time it has one point, at the end of the
    range."""
    found: dict[tuple[Labels, str], list[tuple[float, float]]] = {}
    for labels, metric, moment, value in _points(aggregations, search, (), search.shown.end, 0):
        found.setdefault((labels, metric), []).append((moment, value))
    several = len(search.metrics) > 1
    timed = any(bucket.get("type") == "date_histogram" for bucket in search.buckets)
    for (labels, metric), points in found.items():
        yield Line(_name(search, labels, metric, several), dict(labels), tuple(points), "Value" if timed else metric)


def _points(
    level: Any, search: Search, labels: Labels, moment: float, depth: int
) -> Iterator[tuple[Labels, str, float, float]]:
    if depth == len(search.buckets):
        for metric in search.metrics:
            kind = str(metric.get("type"))
            answered = {"value": level.get("doc_count")} if kind == "count" else level.get(str(metric["id"])) or {}
            for part, value in (answered.get("values") or {"": answered.get("value")}).items():
                name = f"{_METRICS.get(kind, kind)}{part}"
                yield labels, name, moment, math.nan if value is None else float(value)
        return
    bucket = search.buckets[depth]
    inside = level.get(str(bucket["id"]), {}).get("buckets", [])
    named = inside.items() if isinstance(inside, dict) else ((_key(one), one) for one in inside)
    for key, inner in named:
        if bucket["type"] == "date_histogram":
            yield from _points(inner, search, labels, float(inner["key"]) / 1000, depth + 1)
        else:
            field = str(bucket.get("field") or "filter")
            yield from _points(inner, search, (*labels, (field, str(key))), moment, depth + 1)


def _key(bucket: Mapping[str, Any]) -> str:
    return str(bucket.get("key_as_string", bucket.get("key")))


def _name(search: Search, labels: Labels, metric: str, several: bool) -> str:
    if search.alias:
        field = str(search.metrics[0].get("field", "")) if search.metrics else ""
        known = {**{f"term {name}": value for name, value in labels}, **dict(labels), "metric": metric, "field": field}
        return _ALIAS.sub(lambda found: known.get(found[1].strip(), ""), search.alias)
    words = [value for _, value in labels]
    return " ".join([*words, metric]) if several or not words else " ".join(words)
