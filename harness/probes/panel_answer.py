"""What a dashboard's queries were answered with: frozen values, from one query up to a whole load."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class State(enum.StrEnum):
    """What a person sees in a panel."""

    DATA = "data"
    NO_DATA = "no-data"
    NAN = "nan"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Line:
    """One series of an answer: what the datasource calls it, its labels, and its points (Unix seconds, value).

    A value that is no number is NaN. A point without a time, as a table of counts has it, is dated with the range's
    end.
    """

    name: str
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]
    field: str = "Value"

    @property
    def last_not_null(self) -> float | None:
        """What Grafana's `lastNotNull` shows: the newest value that is a number, else the newest; None without any."""
        numbers = [value for _, value in self.points if value == value]  # NaN is unlike itself
        return numbers[-1] if numbers else (self.points[-1][1] if self.points else None)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a datasource to one query. `last` holds the newest value of each series, by its labels.

    `lines` are the series themselves, where the datasource names them as Grafana's does; `notices` what it remarks;
    `documents` the ids of log lines listed, newest first.
    """

    state: State
    series: int = 0
    points: int = 0
    message: str = ""
    last: Mapping[str, float] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    notices: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    @classmethod
    def failed(cls, message: str) -> Reply:
        """A query that was refused, timed out, or not understood."""
        return cls(State.ERROR, message=message)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """One query of a dashboard, answered. `role` is target, variable or annotation; `name` its refId or name.

    `source` is the type of the datasource that was asked, empty when there was none.
    """

    role: str
    name: str
    query: str
    reply: Reply
    seconds: float
    source: str = ""

    @property
    def failed(self) -> bool:
        """Whether it was answered with an error."""
        return self.reply.state is State.ERROR

    def record(self) -> dict[str, Any]:
        """What the history holds of it."""
        reply = self.reply
        return {
            "ref": self.name,
            "source": self.source,
            "query": self.query,
            "state": reply.state.value,
            "series": reply.series,
            "points": reply.points,
            "seconds": round(self.seconds, 6),
            "message": reply.message,
            "last": dict(reply.last),
        }


@dataclass(frozen=True, slots=True)
class PanelAnswer:
    """What one panel shows. Its seconds run from the browser's request to the last of its queries' answers."""

    dashboard: str
    panel: int | None
    title: str
    queries: tuple[QueryAnswer, ...]
    seconds: float

    @property
    def state(self) -> State:
        """An error shows whatever else came; data shows before NaN, NaN before nothing."""
        states = {query.reply.state for query in self.queries}
        order = (State.ERROR, State.DATA, State.NAN)
        return next((state for state in order if state in states), State.NO_DATA)

    @property
    def series(self) -> int:
        """How many series all its queries returned."""
        return sum(query.reply.series for query in self.queries)

    @property
    def points(self) -> int:
        """How many points all its queries returned."""
        return sum(query.reply.points for query in self.queries)

    @property
    def message(self) -> str:
        """What the datasources said, each once."""
        return "; ".join(dict.fromkeys(query.reply.message for query in self.queries if query.reply.message))

    @property
    def last_values(self) -> dict[str, float]:
        """The newest value of every series, by refId and labels."""
        return {f"{query.name}{labels}": v for query in self.queries for labels, v in query.reply.last.items()}

    def record(self) -> dict[str, Any]:
        """What the history holds of it."""
        return {
            "dashboard": self.dashboard,
            "panel": self.panel,
            "title": self.title,
            "state": self.state.value,
            "series": self.series,
            "points": self.points,
            "seconds": round(self.seconds, 6),
            "message": self.message,
            "targets": [query.record() for query in self.queries],
        }


@dataclass(frozen=True, slots=True)
class DashboardLoad:
    """One dashboard, or several at once, loaded as a browser does: from the first request to the last answer."""

    dashboard: str
    seconds: float
    panels: tuple[PanelAnswer, ...]
    variables: tuple[QueryAnswer, ...]
    annotations: tuple[QueryAnswer, ...]

    @property
    def queries(self) -> tuple[QueryAnswer, ...]:
        """Every query that was asked."""
        targets = tuple(query for panel in self.panels for query in panel.queries)
        return (*self.variables, *self.annotations, *targets)

    def record(self) -> dict[str, Any]:
        """What the history holds of it."""
        slowest = max(self.panels, key=lambda panel: panel.seconds, default=None)
        return {
            "seconds": round(self.seconds, 6),
            "panels": len(self.panels),
            "with_data": sum(panel.state is State.DATA for panel in self.panels),
            "queries": len(self.queries),
            "errors": sum(query.failed for query in self.queries),
            "slowest": f"{slowest.dashboard}/{slowest.title}" if slowest else "",
            "slowest_seconds": round(slowest.seconds, 6) if slowest else 0.0,
        }
