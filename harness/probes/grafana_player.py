"""A Prometheus datasource through Grafana's own code: the panel player answers as Grafana's backend does.

What is left to Grafana's browser is done here: it fills in the dashboard's variables, computes `intervalMs` from the
panel's width, and sends all queries of a panel in one request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_prometheus import PrometheusSource, Question
from harness.probes.grafana_time import interval, parsed
from harness.probes.panel_answer import Line, Reply, State

_NOT_FINITE = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}
_EXECUTED = re.compile(r"Expr: (.*)\nStep: \S+", re.DOTALL)
_LAST_VALUES_KEPT = 50


class PlayedSource(PrometheusSource):
    """The Prometheus datasource of that uid, as the panel player has it."""

    def __init__(self, uid: str, player: Connection, scrape_seconds: float = 15.0) -> None:
        super().__init__(uid, player.below(f"/api/datasources/uid/{uid}/resources"), scrape_seconds)
        self._player = player

    def ask(self, question: Question) -> tuple[str, Reply]:
        """The expression as Grafana sent it, and its answer."""
        return self.ask_panel([question])[0]

    def ask_panel(self, questions: Sequence[Question]) -> list[tuple[str, Reply]]:
        """Every question of a panel in one request, as the browser sends them."""
        if not questions:
            return []
        shown = questions[0].shown
        bounds = {"from": str(round(shown.start * 1000)), "to": str(round(shown.end * 1000))}
        asked = {**bounds, "queries": [self._query(question) for question in questions]}
        try:
            results = self._player.post_json("/api/ds/query", asked)["results"]
        except RefusedError as error:
            return [(question.expr, Reply.failed(str(error))) for question in questions]
        return [_reply(question, results.get(question.ref)) for question in questions]

    def _query(self, question: Question) -> dict[str, Any]:
        """A query as the browser sends it: the panel's JSON with variables filled in, and what the panel's width
        asks."""
        low = parsed(question.panel_interval, self.scrape_seconds)
        return {
            "refId": question.ref,
            "datasource": {"type": self.kind, "uid": self.uid},
            "expr": question.expr,
            "instant": question.instant,
            "range": not question.instant,
            "exemplar": question.exemplar,
            "format": question.format,
            "legendFormat": question.legend,
            "interval": question.target_interval,
            "intervalMs": round(interval(question.shown, question.max_points, low) * 1000),
            "maxDataPoints": question.max_points,
            "utcOffsetSec": 0,
        }


def _reply(question: Question, result: Mapping[str, Any] | None) -> tuple[str, Reply]:
    if result is None:
        return question.expr, Reply.failed("the datasource gave no result for this query")
    if result.get("error"):
        return question.expr, Reply.failed(str(result["error"])[:300])
    frames = result.get("frames") or []
    lines = tuple(line for frame in frames for line in _lines(frame, question.shown.end))
    said = tuple(str(n.get("text", n)) for frame in frames for n in _meta(frame).get("notices") or ())
    return _executed(frames) or question.expr, _of_lines(lines, tuple(dict.fromkeys(said)))


def _meta(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = frame["schema"].get("meta") or {}
    return meta


def _executed(frames: Sequence[Mapping[str, Any]]) -> str:
    """What Grafana's query inspector shows as sent."""
    told = next((str(found) for frame in frames if (found := _meta(frame).get("executedQueryString"))), "")
    match = _EXECUTED.fullmatch(told)
    return match[1] if match else told


def _lines(frame: Mapping[str, Any], end: float) -> Iterator[Line]:
    """The numeric fields of a frame, each against its time field."""
    fields, data = frame["schema"].get("fields") or [], frame.get("data") or {}
    columns, odd = data.get("values") or [], data.get("entities") or []
    times = next((columns[n] for n, field in enumerate(fields) if field["type"] == "time"), None)
    for number, field in enumerate(fields):
        if field["type"] != "number":
            continue
        values = [math.nan if value is None else float(value) for value in columns[number]]
        for name, places in ((odd[number] if number < len(odd) else None) or {}).items():
            for place in places:
                values[place] = _NOT_FINITE[name]
        moments = [moment / 1000 for moment in times] if times is not None else [end] * len(values)
        labels = field.get("labels") or {}
        shown = (field.get("config") or {}).get("displayNameFromDS", "")
        yield Line(shown, labels, tuple(zip(moments, values, strict=True)), str(field.get("name") or "Value"))


def _of_lines(lines: Sequence[Line], notices: tuple[str, ...]) -> Reply:
    filled = [line for line in lines if line.points]
    points = sum(len(line.points) for line in filled)
    if not points:
        return Reply(State.NO_DATA, message="; ".join(notices), notices=notices)
    numbers = any(not math.isnan(value) for line in filled for _, value in line.points)
    last = {_spelled(line.labels): line.points[-1][1] for line in filled[:_LAST_VALUES_KEPT]}
    finite = {labels: value for labels, value in last.items() if math.isfinite(value)}
    state = State.DATA if numbers else State.NAN
    said = "; ".join(notices)
    return Reply(state, len(filled), points, said, finite, lines=tuple(filled), notices=notices)


def _spelled(labels: Mapping[str, str]) -> str:
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inside}}}"
