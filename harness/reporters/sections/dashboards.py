"""Dashboards as the run saw them: how long each took to load, and what every panel showed."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from harness.model import History
from harness.reporters.sections.reading import entries, figure, p95, text, whole
from harness.reporters.summary import Standing

_STANDINGS = {"data": Standing.PROVEN, "error": Standing.FAILED}


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel showed last."""

    title: str
    state: str
    standing: Standing
    series: int
    points: int
    seconds: float | None
    message: str
    figures: int = 0
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """How long dashboards took to load while so many people watched."""

    viewers: int
    count: int
    median_seconds: float | None
    p95_seconds: float | None
    worst_seconds: float | None


@dataclass(frozen=True, slots=True)
class Loads:
    """How long loading took; `cold` is the first, with nothing cached."""

    count: int
    cold_seconds: float | None
    median_seconds: float | None
    p95_seconds: float | None
    worst_seconds: float | None
    errors: int
    slowest: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; under the name of all panels at once it has loads and no panels."""

    uid: str
    loads: Loads
    panels: tuple[Panel, ...]

    @property
    def showing(self) -> int:
        """How many panels showed data."""
        return sum(panel.state == "data" for panel in self.panels)


def dashboards(history: History) -> tuple[Dashboard, ...]:
    """Every dashboard that was loaded or asked; empty when none was."""
    panels: dict[str, dict[str, Panel]] = {}
    for seen in history.of_kind("panel"):
        uid = text(seen.data, "dashboard") or seen.subject.partition("/")[0]
        title = text(seen.data, "title") or seen.subject.partition("/")[2]
        state = text(seen.data, "state")
        panels.setdefault(uid, {})[f"{text(seen.data, 'panel')}/{title}"] = Panel(
            title=title,
            state=state.replace("-", " ") or "unknown",
            standing=_STANDINGS.get(state, Standing.UNKNOWN),
            series=whole(seen.data, "series"),
            points=whole(seen.data, "points"),
            seconds=figure(seen.data, "seconds"),
            message=text(seen.data, "message"),
            figures=_figures(history, seen.subject),
            looks=len(history.of_kind("panel-sweep", seen.subject)),
        )
    loaded = {seen.subject for seen in history.of_kind("dashboard-load")}
    return tuple(
        Dashboard(uid, _loads(history, uid), tuple(panels.get(uid, {}).values()))
        for uid in sorted({*panels, *loaded}, key=lambda uid: (uid not in panels, uid))
    )


def crowds(history: History) -> tuple[Crowd, ...]:
    """How each crowd was served; empty when none came."""
    found: dict[int, list[float]] = {}
    for seen in history.of_kind("viewer-load"):
        taken = figure(seen.data, "seconds")
        if taken is not None:
            found.setdefault(whole(seen.data, "viewers"), []).append(taken)
    return tuple(
        Crowd(viewers, len(taken), median(taken), p95(taken), max(taken)) for viewers, taken in sorted(found.items())
    )


def _figures(history: History, panel: str) -> int:
    """How many figures of a panel were compared with what is true, in the last look at it."""
    seen = history.last("panel-value", panel)
    if seen is None:
        return 0
    series = [one for target in entries(seen.data, "targets") for one in entries(target, "series")]
    return sum(len(entries(one, "points")) for one in series)


def _loads(history: History, uid: str) -> Loads:
    seen = [o.data for o in history.of_kind("dashboard-load", uid)]
    seconds = [taken for data in seen if (taken := figure(data, "seconds")) is not None]
    slowest = max(seen, key=lambda data: figure(data, "slowest_seconds") or 0.0, default={})
    return Loads(
        count=len(seen),
        cold_seconds=next((figure(data, "seconds") for data in seen if data.get("cold")), None),
        median_seconds=median(seconds) if seconds else None,
        p95_seconds=p95(seconds),
        worst_seconds=max(seconds, default=None),
        errors=sum(whole(data, "errors") for data in seen),
        slowest=text(slowest, "slowest"),
    )
