"""What a log panel must show, told from the lines as the backend wrote them: counts by group and by time, and which
lines
are the newest."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from harness.generators.log_predicate import Predicate, compile_predicate
from harness.generators.log_truth import Truth

FILE = "fixtures/panels.yml"


@dataclass(frozen=True, slots=True)
class Written:
    """A line that was written: when (Unix seconds, as its own timestamp says), and what, `route` included."""

    event_id: str
    at: float
    record: Mapping[str, Any]


class WrittenLines:
    """Every well-formed line between two moments, parsed once."""

    def __init__(self, truth: Truth) -> None:
        self._lines = sorted((_written(truth, event_id) for event_id in truth.lines), key=lambda line: line.at)

    @property
    def all(self) -> Sequence[Written]:
        """Every line, oldest first."""
        return self._lines


def between(lines: Sequence[Written], start: float, end: float) -> Sequence[Written]:
    """The lines of a range, of lines in order; both ends included, as Grafana asks for them in whole milliseconds."""
    low, high = round(start * 1000), round(end * 1000)
    first = bisect_left(lines, low, key=lambda line: round(line.at * 1000))
    return lines[first : bisect_right(lines, high, key=lambda line: round(line.at * 1000))]


def _written(truth: Truth, event_id: str) -> Written:
    record = orjson.loads(truth.lines[event_id].text)
    at = datetime.fromisoformat(record["timestamp"]).timestamp()
    if record.get("route") is None and record.get("path"):
        record["route"] = truth.routes.route(record["path"])
    return Written(event_id, at, record)


class LogShows:
    """One log query's entry in `fixtures/panels.yml`. Raises UnreadableError for a condition that makes no sense."""

    def __init__(self, spec: Mapping[str, Any], choices: Mapping[str, Mapping[str, Any]], where: str) -> None:
        self.spec = spec
        self._holds = compile_predicate(spec["lines"], f"{FILE} ({where})")
        self._matching: dict[tuple[tuple[str, tuple[str, ...]], ...], list[Written]] = {}
        self._choices: dict[str, dict[str, Predicate]] = {
            name: {value: compile_predicate(one, f"{FILE} (log_choices {name})") for value, one in of.items()}
            for name, of in choices.items()
            if name in (spec.get("choice") or ())
        }

    def matching(
        self, lines: WrittenLines, chosen: Mapping[str, Sequence[str]], start: float, end: float
    ) -> Sequence[Written]:
        """The lines of a range that it is about. A choice that the fixture does not know matches nothing."""
        key = tuple((name, tuple(chosen.get(name, ()))) for name in self._choices)
        if key not in self._matching:
            conditions = [self._holds]
            for name, values in self._choices.items():
                conditions.append(_any([values[value] for value in chosen.get(name, ()) if value in values]))
            self._matching[key] = [one for one in lines.all if all(holds(one.record) for holds in conditions)]
        return between(self._matching[key], start, end)

    def groups(self, lines: Iterable[Written]) -> dict[str, list[Written]]:
        """The lines by what their series is called."""
        found: dict[str, list[Written]] = {}
        by = self.spec.get("by") or ()
        for line in lines:
            values = [_spelled(line.record.get(field)) for field in by]
            if "" not in values:
                found.setdefault(self.spec.get("name") or " ".join(values), []).append(line)
        return found

    def newest(self, lines: Sequence[Written]) -> tuple[set[str], set[str]]:
        """The ids that must be among the newest, and those that may: lines of one millisecond come in any order."""
        count = int(self.spec["newest"])
        ordered = sorted(lines, key=lambda line: -line.at)
        if len(ordered) <= count:
            every = {line.event_id for line in ordered}
            return every, every
        edge = ordered[count - 1].at
        return {one.event_id for one in ordered if one.at > edge}, {one.event_id for one in ordered if one.at >= edge}


def measured(way: Any, lines: Sequence[Written]) -> float:
    """A count, or the mean or the most of a field."""
    if way == "count":
        return float(len(lines))
    kind, field = next(iter(way.items()))
    values = [float(line.record[field]) for line in lines if line.record.get(field) is not None]
    if not values:
        return math.nan
    return max(values) if kind == "most" else sum(values) / len(values)


def _any(conditions: Sequence[Predicate]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda record: any(condition(record) for condition in conditions)


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
