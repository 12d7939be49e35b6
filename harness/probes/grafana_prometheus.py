"""A Prometheus datasource as Grafana's backend asks it: interpolated, aligned, POSTed to the query API."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UnsupportedError
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_time import (
    TimeRange,
    aligned,
    go_duration,
    interval,
    parsed,
    prometheus_step,
    rate_interval,
    short,
)
from harness.probes.panel_answer import Reply, State

_LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_][a-zA-Z0-9_]*)\)\s*")
_METRICS = re.compile(r"metrics\((.+)\)\s*")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)\s*", re.DOTALL)
_LAST_VALUES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Question:
    """One PromQL query with its variables filled in; `$__…` are still to be. Intervals are as the file spells them."""

    expr: str
    shown: TimeRange
    max_points: int
    instant: bool = False
    panel_interval: str = ""
    target_interval: str = ""
    ref: str = "A"
    legend: str = ""
    format: str = "time_series"
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is really sent: the expression, and from when to when in which steps."""

    expr: str
    start: float
    end: float
    step: float


class PrometheusSource:
    """One Prometheus datasource; `scrape_seconds` is the datasource's own idea of the scrape interval."""

    kind = "prometheus"

    def __init__(self, uid: str, connection: Connection, scrape_seconds: float = 15.0) -> None:
        self.uid = uid
        self.connection = connection
        self.scrape_seconds = scrape_seconds

    def prepared(self, question: Question) -> Asked:
        """The question with Grafana's variables filled in and its step computed."""
        shown = question.shown
        minimum = parsed(question.target_interval, self._browsers(question))
        step = prometheus_step(shown, question.max_points, minimum)
        expr = _filled(question.expr, step, self.rate_window(question), shown.seconds)
        return Asked(expr, aligned(shown.start, step), aligned(shown.end, step), step)

    def rate_window(self, question: Question) -> float:
        """What `$__rate_interval` is in a question, in seconds."""
        return rate_interval(self._browsers(question), parsed(question.target_interval, self.scrape_seconds))

    def _browsers(self, question: Question) -> float:
        """The interval that the browser computes from the panel's width."""
        return interval(question.shown, question.max_points, parsed(question.panel_interval, self.scrape_seconds))

    def ask(self, question: Question) -> tuple[str, Reply]:
        """The expression as sent, and the answer to it."""
        asked = self.prepared(question)
        try:
            if question.instant:
                form: dict[str, Any] = {"query": asked.expr, "time": f"{question.shown.end:.3f}"}
                return asked.expr, _reply(self.connection.post_form("/api/v1/query", form))
            form = {"query": asked.expr, "start": asked.start, "end": asked.end, "step": asked.step}
            return asked.expr, _reply(self.connection.post_form("/api/v1/query_range", form))
        except RefusedError as error:
            return asked.expr, Reply.failed(str(error))

    def ask_panel(self, questions: Sequence[Question]) -> list[tuple[str, Reply]]:
        """The questions of one panel, one after the other, as `ask` answers each."""
        return [self.ask(question) for question in questions]

    def options(self, query: str, shown: TimeRange) -> Reply:
        """The values a variable's query offers."""
        try:
            values = self._options(query.strip(), {"start": int(shown.start), "end": math.ceil(shown.end)})
        except RefusedError as error:
            return Reply.failed(str(error))
        return Reply(State.DATA if values else State.NO_DATA, series=len(values), options=values)

    def _options(self, query: str, bounds: Mapping[str, int]) -> tuple[str, ...]:
        if match := _LABEL_VALUES.fullmatch(query):
            selector = {"match[]": match[1]} if match[1] and match[1].strip() != "{}" else {}
            return tuple(self.connection.get(f"/api/v1/label/{match[2]}/values", {**selector, **bounds})["data"])
        if match := _METRICS.fullmatch(query):
            names = self.connection.get("/api/v1/label/__name__/values", bounds)["data"]
            return tuple(name for name in names if re.search(match[1], name))
        if match := _QUERY_RESULT.fullmatch(query):
            asked = {"query": match[1], "time": bounds["end"]}
            return tuple(_spelled(r) for r in self.connection.get("/api/v1/query", asked)["data"]["result"])
        if query == "label_names()":
            return tuple(self.connection.get("/api/v1/labels", bounds)["data"])
        hint = "Understood are label_values(), label_names(), metrics() and query_result()."
        raise UnsupportedError(f"the variable query {query!r} is not understood here", hint=hint)

    def knows(self, selector: str, shown: TimeRange) -> bool:
        """Whether any series matches a selector within the range. Raises RefusedError."""
        bounds = {"start": f"{shown.start:.3f}", "end": f"{shown.end:.3f}", "limit": 1}
        return bool(self.connection.get("/api/v1/series", {"match[]": selector, **bounds})["data"])


def _filled(expr: str, step: float, rate: float, shown_seconds: float) -> str:
    seconds = round(shown_seconds)
    values = {
        "__interval_ms": str(round(step * 1000)),
        "__interval": short(step),
        "__range_ms": str(round(shown_seconds * 1000)),
        "__range_s": str(seconds),
        "__range": f"{seconds}s",
        "__rate_interval_ms": str(round(rate * 1000)),
        "__rate_interval": go_duration(rate),
    }
    for name, value in values.items():
        expr = expr.replace(f"${name}", value).replace(f"${{{name}}}", value)
    return expr


def _reply(body: Any) -> Reply:
    if not isinstance(body, dict) or body.get("status") != "success":
        return Reply.failed(str(body.get("error", body) if isinstance(body, dict) else body)[:300])
    data, said = body["data"], "; ".join(body.get("warnings", []))
    if data["resultType"] in ("scalar", "string"):
        return _of_series({"": [data["result"]]}, said)
    series = {_spelled_labels(r["metric"]): r.get("values") or [r.get("value")] for r in data["result"]}
    return _of_series(series, said)


def _of_series(series: Mapping[str, list[Any]], said: str) -> Reply:
    """What the series add up to: NaN when no point of any is a number, as a panel of NaN shows nothing."""
    points = sum(len(values) for values in series.values())
    if not points:
        return Reply(State.NO_DATA, message=said)
    numbers = any(value != "NaN" for values in series.values() for _, value in values)
    last = {labels: float(values[-1][1]) for labels, values in list(series.items())[:_LAST_VALUES_KEPT]}
    finite = {labels: value for labels, value in last.items() if math.isfinite(value)}
    return Reply(State.DATA if numbers else State.NAN, len(series), points, said, finite)


def _spelled_labels(metric: Mapping[str, str]) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in sorted(metric.items()) if name != "__name__")
    return f"{metric.get('__name__', '')}{{{labels}}}"


def _spelled(result: Mapping[str, Any]) -> str:
    return f"{_spelled_labels(result['metric'])} {result['value'][1]} {float(result['value'][0]) * 1000:.0f}"
