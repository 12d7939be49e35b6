"""How the times of searches and dashboards grow with what they are asked of, as the run measured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.growth import Grown, fitted
from harness.model import History
from harness.reporters.sections.reading import figure, whole


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured over one kind of size: documents stored, or days shown. `limit` is in seconds."""

    what: str
    unit: str
    limit: float
    sizes: tuple[float, ...]
    grown: tuple[Grown, ...]
    production: int


_KINDS = (
    ("growth-search", "Saved searches over 30 days", "documents", "log-query"),
    ("growth-dashboard", "Dashboards with log lines over 24 hours", "documents", "dashboard-load"),
    ("growth-range", "Dashboards over ever longer ranges", "days", "dashboard-load"),
)


def growth(history: History, limits: Mapping[str, float | None]) -> tuple[Growth, ...]:
    """Every kind that was measured on enough sizes; `limits` are those of the baselines, in seconds."""
    production = max((whole(one.data, "production") for one in history.of_kind("growth-size")), default=0)
    found = []
    for kind, what, unit, baseline in _KINDS:
        samples = [
            one for one in history.of_kind(kind) if None not in (figure(one.data, unit), figure(one.data, "seconds"))
        ]
        limit, grown = limits.get(baseline), fitted(samples, unit)
        if grown and limit:
            sizes = tuple(sorted({size for one in grown for size in one.sizes}))
            found.append(Growth(what, unit, limit, sizes, grown, production if unit == "documents" else 0))
    return tuple(found)
