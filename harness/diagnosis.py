"""Diagnosing an incident by its runbook: what there is to be found, what a query answered, and whether that names it.

Pure: incidents come from `fixtures/incidents.yml`, answers from the servers through a probe or from a recorded history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from harness.documents.durations import seconds
from harness.errors import UnreadableError
from harness.model import Position

FILE = "fixtures/incidents.yml"
LANGUAGES = ("promql", "kql")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One figure that metrics and logs must both tell: a count within a window, or an age.

    `within` is a share of the metric's figure for counts, seconds for ages.
    """

    promql: str
    kql: str
    compare: str
    within: float
    window_seconds: float


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident of a scenario, the alert that tells of it, and what names its culprit in metrics and in logs.

    A series names it that ranks first with these labels and is above `above`; lines name it whose commonest value is
    this one, or, with `silent_seconds`, whose newest is older than that.
    """

    name: str
    scenario: str
    alert: str
    begins_seconds: float
    culprit: str
    metrics: Mapping[str, str]
    above: float
    logs: Mapping[str, str]
    silent_seconds: float | None
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query of a runbook answered: the labels that rank first and their value, how many results there were.

    Of log lines `first` is the commonest value of the field they were broken down by, `newest_seconds` the age of the
    newest. `seconds` is how long it took.
    """

    language: str
    query: str
    first: Mapping[str, str] = field(default_factory=dict)
    value: float = 0.0
    results: int = 0
    newest_seconds: float | None = None
    seconds: float = 0.0
    error: str = ""

    def as_data(self) -> dict[str, Any]:
        """As the history holds it."""
        return asdict(self)


def read(fixture: Mapping[str, Any]) -> tuple[Incident, ...]:
    """The incidents of the parsed fixture. Raises UnreadableError for an entry that lacks something."""
    try:
        return tuple(_incident(entry) for entry in fixture["incidents"])
    except (KeyError, TypeError) as error:
        raise UnreadableError(f"an incident lacks {error}", at=Position(FILE)) from error


def _incident(entry: Mapping[str, Any]) -> Incident:
    agree, silent = entry["agree"], entry.get("silent")
    return Incident(
        entry["incident"],
        entry["scenario"],
        entry["alert"],
        seconds(entry["begins"]) or 0.0,
        entry["culprit"],
        {name: str(value) for name, value in entry["metrics"].items()},
        float(entry.get("above", 0.0)),
        {name: str(value) for name, value in (entry.get("logs") or {}).items()},
        seconds(silent) if silent else None,
        Agreement(
            agree["promql"],
            agree["kql"],
            agree.get("compare", "count"),
            float(agree["within"]),
            seconds(agree.get("window", "2m")) or 120.0,
        ),
    )


def page_of(link: str) -> str:
    """The name of the runbook that an address leads to: its last part."""
    return link.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2].removesuffix(".md")


def names(incident: Incident, answer: Answer) -> bool:
    """Whether an answer names the culprit."""
    if answer.error or not answer.results:
        return False
    if answer.language == "promql":
        return answer.value > incident.above and incident.metrics.items() <= answer.first.items()
    if incident.silent_seconds is not None:
        # Only lines that came before it fell silent tell of it, not a search that finds other lines.
        return answer.newest_seconds is not None and answer.newest_seconds > incident.silent_seconds
    return bool(incident.logs) and incident.logs.items() <= answer.first.items()


def named_in(incident: Incident, answers: Sequence[Answer]) -> frozenset[str]:
    """The languages in which the culprit is named by at least one query."""
    return frozenset(answer.language for answer in answers if names(incident, answer))


def sampled_until(series: Sequence[Sequence[float]], since: float, now: float, window_seconds: float) -> float | None:
    """The newest end of a window in which every series was sampled all along; None when there is none.

    `series` holds the moments of samples in order, all times are Unix seconds; no window begins before `since`. Where
    samples lack at its edge, an increase over a window is an extrapolation, and off by what was not scraped.
    """
    apart = [after - before for moments in series for before, after in pairwise(moments)]
    if not apart:
        return None
    longest, end = 1.5 * median(apart), now
    while end - window_seconds >= since:
        start = end - window_seconds
        held = ([start, *(at for at in moments if start <= at <= end), end] for moments in series)
        if all(after - before <= longest for moments in held for before, after in pairwise(moments)):
            return end
        end -= 1.0
    return None


def agrees(agreement: Agreement, metric: float, logged: float) -> bool:
    """Whether both figures are the same as far as sampling lets them be. Two zeros agree on nothing."""
    if metric <= 0 or logged <= 0:
        return False
    allowed = agreement.within * metric if agreement.compare == "count" else agreement.within
    return abs(metric - logged) <= allowed
