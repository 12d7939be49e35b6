"""Grafana's data frames, as `/api/ds/query` answers with them: columns of values, read into what a panel shows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.probes.grafana_msearch import DOCUMENTS, Search
from harness.probes.panel_answer import Line, Reply, State

_NOT_FINITE = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}
Column = tuple[Mapping[str, Any], list[Any]]


def reply_of(search: Search, result: Mapping[str, Any] | None) -> Reply:
    """What Grafana answered to one query of an Elasticsearch panel.

    A histogram of counts has a zero for every interval in which nothing matched: all zeros mean that nothing did.
    """
    if result is None:
        return Reply.failed("Grafana gave no result for this query")
    if result.get("error"):
        return Reply.failed(str(result["error"])[:300])
    frames = result.get("frames") or []
    if search.kind in (*DOCUMENTS, "logs"):
        found = tuple(str(one) for frame in frames for one in _documents(frame))
        return Reply(State.DATA if found else State.NO_DATA, 1 if found else 0, len(found), documents=found)
    lines = tuple(line for frame in frames for line in _lines(frame, search))
    values = [value for line in lines for _, value in line.points]
    counted = bool(search.metrics) and all(metric.get("type") == "count" for metric in search.metrics)
    if not values or (counted and not any(values)):
        return Reply(State.NO_DATA)
    state = State.DATA if any(math.isfinite(value) for value in values) else State.NAN
    return Reply(state, len(lines), len(values), lines=lines)


def columns(frame: Mapping[str, Any]) -> list[Column]:
    """The fields of a frame with their values; numbers that JSON cannot hold are put back."""
    fields, data = frame["schema"].get("fields") or [], frame.get("data") or {}
    values, odd = data.get("values") or [[] for _ in fields], data.get("entities") or []
    found: list[Column] = []
    for number, field in enumerate(fields):
        column = list(values[number])
        for name, places in ((odd[number] if number < len(odd) else None) or {}).items():
            for place in places:
                column[place] = _NOT_FINITE[name]
        found.append((field, column))
    return found


def _documents(frame: Mapping[str, Any]) -> Iterator[Any]:
    """The ids of the log lines in a frame: a column of theirs, or whole documents in one column."""
    for field, values in columns(frame):
        if field.get("name") == "_id":
            yield from values
            return
    for _, values in columns(frame):
        documents = (json.loads(value) if isinstance(value, str) else value for value in values)
        yield from (one["_id"] for one in documents if isinstance(one, dict) and "_id" in one)


def _lines(frame: Mapping[str, Any], search: Search) -> Iterator[Line]:
    found = columns(frame)
    times = next((values for field, values in found if field["type"] == "time"), None)
    if times is None:
        yield from _rows(found, search)
        return
    for field, values in found:
        if field["type"] == "number":
            named = (field.get("config") or {}).get("displayNameFromDS") or frame["schema"].get("name") or ""
            points = tuple((moment / 1000, _number(value)) for moment, value in zip(times, values, strict=True))
            yield Line(str(named), field.get("labels") or {}, points)  # the field is `value` or `Value`, by version


def _rows(found: Sequence[Column], search: Search) -> Iterator[Line]:
    """A table: what it is grouped by are labels, and each figure of a row is a line with one point."""
    grouped = {str(bucket.get("field")) for bucket in search.buckets}
    by = [(str(field["name"]), values) for field, values in found if field["name"] in grouped]
    figures = [(str(field["name"]), values) for field, values in found if field["name"] not in grouped]
    for name, values in figures:
        for row, value in enumerate(values):
            labels = {group: _spelled(keys[row]) for group, keys in by}
            yield Line(" ".join(labels.values()), labels, ((search.shown.end, _number(value)),), name)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _spelled(key: Any) -> str:
    return f"{key:g}" if isinstance(key, float) else str(key)
