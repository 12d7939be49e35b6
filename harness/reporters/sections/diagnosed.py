"""Incidents as their runbooks diagnosed them: when the alert came, what its queries named, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.model import History, Observation
from harness.reporters.sections.reading import entries, figure, inner, text


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the runbook: what ranked first, and how long it took (seconds)."""

    language: str
    query: str
    first: str
    seconds: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One incident. Seconds: from injection to firing, from firing to receipt, from the first query to the culprit.

    `named` are the languages in which the culprit was named; `metric` and `logged` one figure as either side tells it.
    """

    incident: str
    alert: str
    culprit: str
    page: str
    fired: float | None
    received: float | None
    diagnosed: float
    named: tuple[str, ...]
    rounds: int
    queries: tuple[Query, ...]
    metric: float | None
    logged: float | None


def diagnosed(history: History) -> tuple[Diagnosed, ...]:
    """Every incident that was played and looked into; empty when none was."""
    found = []
    for played in history.of_kind("incident"):
        last = history.last("diagnosis", played.subject)
        if last is not None:
            found.append(_one(played, last, history.last("incident-figures", played.subject)))
    return tuple(found)


def _one(played: Observation, last: Observation, told: Observation | None) -> Diagnosed:
    injected, firing, came = figure(played.data, "injected"), figure(last.data, "firing"), figure(last.data, "received")
    return Diagnosed(
        played.subject,
        text(played.data, "alert"),
        text(played.data, "culprit"),
        text(last.data, "page"),
        None if injected is None or firing is None else firing - injected,
        None if firing is None or came is None else came - firing,
        last.at - (figure(last.data, "began") or last.at),
        tuple(str(language) for language in entries(last.data, "named")),
        int(figure(last.data, "rounds") or 0),
        tuple(_query(answer) for answer in entries(last.data, "answers")),
        figure(told.data, "metric") if told else None,
        figure(told.data, "logged") if told else None,
    )


def _query(answer: Any) -> Query:
    first = ", ".join(f"{name}={value}" for name, value in inner(answer, "first").items() if name != "__name__")
    language, error = text(answer, "language"), text(answer, "error")
    return Query(language, text(answer, "query"), first, figure(answer, "seconds"), error)
