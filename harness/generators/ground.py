"""What is true of a deployment's metrics at any moment: every series as a function of time, and no Prometheus in
between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.generators.metrics import Series, Timeline
from harness.generators.scenario import Track


@dataclass(frozen=True, slots=True)
class Course:
    """One series with all its labels, `job` and `instance` included; `at` is its value at a Unix time, None when
    absent."""

    labels: Mapping[str, str]
    at: Callable[[float], float | None]


class Ground(Protocol):
    """What a truth is computed from. Before `begins` (Unix seconds) there are no samples."""

    @property
    def begins(self) -> float:
        """When the first sample was taken."""
        ...

    @property
    def restarts(self) -> Sequence[float]:
        """When counters began anew (Unix seconds)."""
        ...

    def courses(self, metric: str) -> Sequence[Course]:
        """Every series of a metric; of a histogram by the names of its parts."""
        ...


class TimelineGround:
    """The ground that a timeline is: a world with an incident laid over it. `instances` says job → instance label."""

    def __init__(self, timeline: Timeline, instances: Mapping[str, str]) -> None:
        self._timeline = timeline
        self._instances = instances
        self._courses: dict[str, list[Course]] | None = None

    @property
    def begins(self) -> float:
        """When the first sample was taken."""
        return self._timeline.origin

    @property
    def restarts(self) -> Sequence[float]:
        """Never: a lane's counters go on through its incident."""
        return ()

    def courses(self, metric: str) -> Sequence[Course]:
        """Every series of a metric, of the world's and the incident's."""
        if self._courses is None:
            self._courses = self._all()
        return self._courses.get(metric, [])

    def _all(self) -> dict[str, list[Course]]:
        found: dict[str, list[Course]] = {}
        tracks = {self._key(track): track for track in self._timeline.scenario.tracks if track.name != "up"}
        for series in self._timeline.world.series:
            track = tracks.pop((series.job, series.name, series.labels), None)
            self._add(found, series.job, series.name, series.labels, self._course(series, track))
        for (job, name, labels), track in tracks.items():
            self._add(found, job, name, labels, self._course(None, track))
        return found

    def _add(
        self,
        found: dict[str, list[Course]],
        job: str,
        name: str,
        labels: tuple[tuple[str, str], ...],
        at: Callable[[float], float | None],
    ) -> None:
        if job in self._instances:
            target = {"job": job, "instance": self._instances[job]}
            found.setdefault(name, []).append(Course({**target, **dict(labels)}, at))

    def _key(self, track: Track) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        job = dict(track.labels).get("job") or self._timeline.world.job_of(track.name)
        return job, track.name, tuple(label for label in track.labels if label[0] != "job")

    def _course(self, series: Series | None, track: Track | None) -> Callable[[float], float | None]:
        origin, incident = self._timeline.origin, self._timeline.incident
        name = series.name if series else track.name if track else ""
        counter = name in self._timeline.world.counters
        base = series.at(incident - origin) if series and counter else 0.0

        def at(moment: float) -> float | None:
            if track is None or moment < incident:
                return series.at(moment - origin) if series and moment >= origin else None
            value = track.at(moment - incident, counter=counter)
            return None if value is None else value + base

        return at
