"""Asks every panel over several ranges with every choice of its dashboard's variables, and lays each answer beside the
truth."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.contracts import Recorder
from harness.dashboards.compared import Comparison, Truths, queried
from harness.dashboards.live import Live
from harness.documents.dashboard import Dashboard
from harness.documents.durations import seconds
from harness.probes.grafana_prometheus import PrometheusSource
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Shown, Viewing
from harness.probes.panel_answer import DashboardLoad

RANGES = ("5m", "1h", "24h", "15d")
POINTS = 2
Progress = Callable[[str, float | None, float | None], None]


class Sweep:
    """One sweep. `plan` is the section `sweep` of `fixtures/panels.yml`: which ranges."""

    def __init__(
        self, browser: Browser, truths: Truths, live: Live, source: PrometheusSource | None, plan: Mapping[str, Any]
    ) -> None:
        self._browser = browser
        self._truths = truths
        self._live = live
        self._source = source
        self.ranges = tuple(str(one) for one in plan.get("ranges") or RANGES)

    def run(self, dashboards: Sequence[Dashboard], recorder: Recorder, progress: Progress, *, thorough: bool) -> None:
        """Look at every dashboard and record each panel once for each combination, and what was left out."""
        for number, dashboard in enumerate(dashboards):
            progress(f"sweep {dashboard.uid}", number, len(dashboards))
            options = self._options(dashboard)
            looks = 0
            for name in self.ranges:
                # Whatever two values do together, they do over any range: every combination is looked at over one.
                chosen = list(combinations(options, every=thorough and name == _nearest(dashboard, self.ranges)))
                for choices in chosen:
                    self._look(dashboard, name, choices, recorder)
                looks += len(chosen)
            possible = len(list(combinations(options, every=True))) * len(self.ranges)
            told = {"ranges": list(self.ranges), "looks": looks, "left_out": possible - looks, "thorough": thorough}
            recorder.record("sweep", dashboard.uid, {**told, "variables": {n: len(v) for n, v in options.items()}})

    def _options(self, dashboard: Dashboard) -> dict[str, tuple[str, ...]]:
        return self._browser.options(dashboard, Viewing(now=time.time()))

    def _look(self, dashboard: Dashboard, name: str, choices: Mapping[str, str], recorder: Recorder) -> None:
        length = seconds(name) or 0.0

        def look(now: float) -> tuple[Shown, DashboardLoad]:
            return self._browser.look(dashboard, Viewing(now, TimeRange(now - length, now), choices))

        facts, (shown, answer) = self._live.unchanged(look)
        comparison = Comparison(self._truths, facts, self._source)
        for (_, panel), panel_answer in zip(queried([dashboard]), answer.panels, strict=True):
            record = comparison.of(shown, panel, panel_answer, POINTS)
            told = {"span": name, "chosen": dict(choices), "seconds": round(panel_answer.seconds, 6)}
            del record["choices"]
            recorder.record("panel-sweep", f"{dashboard.uid}/{panel.title}", {**record, **told})


def _nearest(dashboard: Dashboard, ranges: Sequence[str]) -> str:
    """The range that is most like the one the dashboard opens with."""
    opened = TimeRange.opened(*dashboard.from_to, time.time()).seconds
    return min(ranges, key=lambda name: abs((seconds(name) or 0.0) - opened))


def combinations(options: Mapping[str, Sequence[str]], *, every: bool) -> Iterator[dict[str, str]]:
    """The choices to look with: as the dashboard opens, then each value of each variable by itself, or every
    combination
    of values."""
    yield {}
    if every:
        offered = [[None, *values] for values in options.values()]
        for product in itertools.product(*offered):
            chosen = {name: value for name, value in zip(options, product, strict=True) if value is not None}
            if chosen:
                yield chosen
        return
    for name, values in options.items():
        for value in values:
            yield {name: value}
