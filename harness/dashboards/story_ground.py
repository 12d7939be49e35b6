"""The 30-day world as a ground: fifteen days of metrics with their daily rhythm, deployments and incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.generators.ground import Course
from harness.generators.panel_truth import SCRAPE_SECONDS
from harness.generators.story.metrics import MetricSeries
from harness.generators.story.truth import WorldTruth


class StoryGround:
    """What is true of the world's metrics. Of counters it is what they have gained in all, restarts left aside."""

    def __init__(self, truth: WorldTruth) -> None:
        self._truth = truth
        self._courses: dict[str, list[Course]] = {}

    @property
    def begins(self) -> float:
        """When the first sample was taken."""
        return self._truth.metrics_begin + SCRAPE_SECONDS

    @property
    def restarts(self) -> Sequence[float]:
        """When the application was deployed."""
        return [at / 1000 for at in self._truth.story.plan.deploys_ms]

    def courses(self, metric: str) -> Sequence[Course]:
        """Every series of a metric."""
        if metric not in self._courses:
            self._courses[metric] = [
                Course(dict(one.labels), self._course(one)) for one in self._truth.matching(metric)
            ]
        return self._courses[metric]

    def _course(self, series: MetricSeries) -> Callable[[float], float | None]:
        begins, slot_seconds = self._truth.metrics_begin, self._truth.slot_seconds
        last = len(series.per_slot) - 1

        def at(moment: float) -> float | None:
            passed = min(moment, self._truth.ends) - begins
            if passed <= 0:
                return None
            slot = min(int((passed - 1e-6) // slot_seconds), last)
            if series.counts:
                return series.risen(slot, (passed - slot * slot_seconds) / slot_seconds)
            return series.per_slot[slot]

        return at
