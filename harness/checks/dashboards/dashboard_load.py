"""Dashboards load within the documented time, one by one and all panels at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Evidence, Gap, History, Observation, Outcome, Proof

ALL_PANELS = "all-panels"
FEWEST_SAMPLES = 100
"""Below this the 95th percentile rests on a few loads only."""
FEWEST_FILLED = 0.5
"""A load counts when at least this share of its panels showed data: nothing is fetched faster than nothing."""


@dataclass(frozen=True, slots=True)
class _Loads:
    """The loads of one subject that count, and why others do not."""

    seconds: tuple[float, ...]
    failed: int
    hollow: int

    @property
    def all(self) -> int:
        """How many were seen."""
        return len(self.seconds) + self.failed + self.hollow


class DashboardLoad(Check):
    """A dashboard is complete within 3 s of opening it: p95 over all dashboards, cold and warm, and all panels at once.

    Why: in an incident a slow dashboard is a blind one. How measured: every variable, annotation and panel query as the
    browser issues them, six at a time, from the first request to the last answer; drawing is not included. A load in
    which a query failed, or in which most panels were empty, is no sample, because refusals and empty answers are fast.
    The figure is the worse of two p95s: of single dashboards, and of all panels of all dashboards at once, which is
    the documented 45 panels and more. How to fix: the finding names the slowest panel; narrow its selectors, aggregate
    earlier, record it by a rule, or lower its points (`maxDataPoints`).
    """

    subject, suite, baseline = History, "dashboards", "dashboard-load"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The recorded loads against the baseline."""
        limit = float(context.baseline(self.baseline)["limit"])
        dashboards = [d for d in context.documents.of(Dashboard) if d.panels]
        if not dashboards:
            yield Gap("the configuration has no dashboard that could be loaded")
            return
        loads = {d.uid: _loads(history, d.uid) for d in dashboards}
        together = _loads(history, ALL_PANELS)
        gaps = [*_gaps(loads), *_gaps({ALL_PANELS: together}), *_incomplete(history, dashboards)]
        yield from gaps
        alone = [seconds for one in loads.values() for seconds in one.seconds]
        if 0 < len(alone) < FEWEST_SAMPLES:
            yield Gap(f"only {len(alone)} loads count, at least {FEWEST_SAMPLES} are needed for a 95th percentile")
        if not alone or not together.seconds:
            return
        yield from self._too_slow(history, dashboards, loads, limit)
        if (p95 := quantile(together.seconds, 0.95)) >= limit:
            message = f"all panels at once take {p95:.2f} s (p95 of {len(together.seconds)}), limit {limit:g} s"
            slow = _slowest(history, ALL_PANELS)
            yield self.finding(_by_uid(dashboards, slow).tree.key_at("panels"), f"{message}; slowest {slow}")
        yield _proof(history, alone, together.seconds, len(dashboards), limit)

    def _too_slow(
        self, history: History, dashboards: Sequence[Dashboard], loads: Mapping[str, _Loads], limit: float
    ) -> Iterator[Outcome]:
        for dashboard in dashboards:
            seconds = loads[dashboard.uid].seconds
            if seconds and (p95 := quantile(seconds, 0.95)) >= limit:
                message = f"{dashboard.uid} takes {p95:.2f} s to load (p95 of {len(seconds)}), limit {limit:g} s"
                slow = _slowest(history, dashboard.uid)
                yield self.finding(dashboard.tree.key_at("panels"), f"{message}; slowest {slow}")


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that at least the share `q` of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def quantile_interval(values: Sequence[float], q: float, confidence: float = 0.95) -> tuple[float, float]:
    """Between which of the values the true quantile lies with this confidence, whatever the distribution.

    The number of samples below the quantile is binomial; its tails say which order statistics enclose it.
    """
    ordered, count = sorted(values), len(values)
    tail = (1 - confidence) / 2
    below, lower, upper = 0.0, 0, count - 1
    for number in range(count):
        below += math.comb(count, number) * q**number * (1 - q) ** (count - number)
        if below <= tail:
            lower = number
        if below >= 1 - tail:
            upper = min(upper, number)
    return ordered[lower], ordered[upper]


def _loads(history: History, subject: str) -> _Loads:
    seconds, failed, hollow = [], 0, 0
    for seen in history.of_kind("dashboard-load", subject):
        if seen.data["errors"] or not seen.data["queries"]:
            failed += 1
        elif seen.data["with_data"] < FEWEST_FILLED * seen.data["panels"] or not seen.data["panels"]:
            hollow += 1
        else:
            seconds.append(float(seen.data["seconds"]))
    return _Loads(tuple(seconds), failed, hollow)


def _gaps(loads: Mapping[str, _Loads]) -> Iterator[Gap]:
    for subject, one in loads.items():
        if not one.all:
            yield Gap(f"{subject} was not loaded in this run")
        if one.failed:
            yield Gap(f"{one.failed} of {one.all} loads of {subject} held a query that failed; their time says nothing")
        if one.hollow:
            yield Gap(f"{one.hollow} of {one.all} loads of {subject} were mostly empty; their time says nothing")


def _incomplete(history: History, dashboards: Sequence[Dashboard]) -> Iterator[Gap]:
    """Whether what was loaded is what the documents hold."""
    panels = {d.uid: sum(bool(p.targets) for p in d.panels) for d in dashboards}
    panels[ALL_PANELS] = sum(panels.values())
    for subject, expected in panels.items():
        fewest = min((o.data["panels"] for o in history.of_kind("dashboard-load", subject)), default=expected)
        if fewest < expected:
            yield Gap(f"{subject} was loaded with {fewest} of its {expected} panels")


def _slowest(history: History, subject: str) -> str:
    seen = history.of_kind("dashboard-load", subject)
    worst = max(seen, key=lambda o: float(o.data["slowest_seconds"]))
    return f"{worst.data['slowest']} with {worst.data['slowest_seconds']:.2f} s"


def _by_uid(dashboards: Sequence[Dashboard], panel: str) -> Dashboard:
    return next((d for d in dashboards if panel.startswith(f"{d.uid}/")), dashboards[0])


def _proof(history: History, alone: Sequence[float], together: Sequence[float], dashboards: int, limit: float) -> Proof:
    p95, p95_together = quantile(alone, 0.95), quantile(together, 0.95)
    low, high = quantile_interval(alone, 0.95)
    panels = max(o.data["panels"] for o in history.of_kind("dashboard-load", ALL_PANELS))
    cold = [float(o.data["seconds"]) for o in _first_loads(history)]
    slowest_cold = f", slowest cold {max(cold):.2f} s" if cold else ""
    statement = (
        f"p95 {p95:.2f} s over {len(alone)} loads of {dashboards} dashboards (95 % confidence {low:.2f}–{high:.2f} s, "
        f"median {quantile(alone, 0.5):.2f} s, max {max(alone):.2f} s{slowest_cold}); all {panels} panels at once "
        f"p95 {p95_together:.2f} s over {len(together)}{_noise(history)}"
    )
    return Proof(
        statement,
        samples=len(alone) + len(together),
        services=("grafana", "prometheus", "elasticsearch"),
        value=round(max(p95, p95_together), 4),
        limit=limit,
        unit="s",
        evidence=(Evidence("dashboard-load", "*"),),
        values=tuple(together if p95_together > p95 else alone),
    )


def _noise(history: History) -> str:
    """How restless the machine itself was: the cheapest query there is, asked before every load."""
    seconds = [float(one.data["seconds"]) * 1000 for one in history.of_kind("calibration")]
    if not seconds:
        return ""
    median, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return (
        f"; the machine's own noise: a query for a constant took {median:.1f} ms, p95 {p95:.1f}, max {max(seconds):.1f}"
    )


def _first_loads(history: History) -> Iterator[Observation]:
    return (o for o in history.of_kind("dashboard-load") if o.data.get("cold") and o.subject != ALL_PANELS)
