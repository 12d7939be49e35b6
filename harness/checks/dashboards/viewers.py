"""Dashboards load in time also while a crowd watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.checks.dashboards.dashboard_load import FEWEST_FILLED, quantile, quantile_interval
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof

FEWEST_FOR_P95 = 20
"""With fewer loads the slowest of them is what is judged."""


class Viewers(Check):
    """A dashboard is complete within 3 s also while 1, 5 and 20 people watch and their dashboards refresh.

    Why: in an incident everybody looks. How measured: locust's viewers hold one dashboard each open and load all of
    it again as often as its own `refresh` says, each with the six connections of a browser; a load with a failed
    query, or mostly empty, is no sample. How many viewers, and for how long, `fixtures/panels.yml` says; all of
    them come when the suite is named by itself or for a sign-off, a few in a verification of everything, and the
    proof says which. Judged is the 95th percentile, or the slowest of fewer than 20 loads. How to fix: raise
    `refresh`, record what is asked often by rules, or give Prometheus and Elasticsearch more.
    """

    subject, suite, baseline = History, "dashboards", "dashboard-load"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The loads of each stage against the baseline."""
        limit = float(context.baseline(self.baseline)["limit"])
        plan = history.last("crowd")
        if plan is None or not plan.data["stages"]:
            yield Gap("no crowd watched in this run")
            return
        if plan.data["failed"]:
            yield Gap(f"the crowd broke off: {plan.data['failed']}")
        told, samples = [], 0
        for viewers, _ in plan.data["stages"]:
            seen = [one for one in history.of_kind("viewer-load") if one.data["viewers"] == viewers]
            good = [one for one in seen if _counts(one)]
            if not seen:
                yield Gap(f"no load of {viewers} viewers was seen")
            elif len(good) < len(seen):
                yield Gap(
                    f"{len(seen) - len(good)} of {len(seen)} loads of {viewers} viewers failed or were mostly empty"
                )
            if not good:
                continue
            times = [float(one.data["seconds"]) for one in good]
            yield from self._judged(viewers, good, times, limit, context)
            told.append(_spoken(viewers, times))
            samples += len(times)
        if told:
            yield Proof(
                "; ".join(told),
                samples=samples,
                services=("grafana", "prometheus", "elasticsearch"),
                evidence=(Evidence("viewer-load", "*"),),
            )

    def _judged(
        self, viewers: int, seen: Sequence[Observation], times: Sequence[float], limit: float, context: Context
    ) -> Iterator[Outcome]:
        figure = quantile(times, 0.95) if len(times) >= FEWEST_FOR_P95 else max(times)
        if figure < limit:
            return
        slowest = max(seen, key=lambda one: float(one.data["seconds"]))
        of = "p95" if len(times) >= FEWEST_FOR_P95 else "slowest"
        message = f"with {viewers} viewers a dashboard takes {figure:.2f} s ({of} of {len(times)}), limit {limit:g} s"
        yield self.finding(_place(slowest.subject, context), f"{message}; slowest {slowest.data['slowest']}")


def _counts(one: Observation) -> bool:
    data = one.data
    return bool(data["queries"] and not data["errors"] and data["with_data"] >= FEWEST_FILLED * data["panels"])


def _spoken(viewers: int, times: Sequence[float]) -> str:
    who = f"{viewers} viewer{'s' * (viewers != 1)}"
    if len(times) < FEWEST_FOR_P95:
        return f"{who}: median {quantile(times, 0.5):.2f} s, slowest {max(times):.2f} s of {len(times)}"
    low, high = quantile_interval(times, 0.95)
    return f"{who}: p95 {quantile(times, 0.95):.2f} s ({low:.2f}–{high:.2f} s) of {len(times)}, max {max(times):.2f} s"


def _place(uid: str, context: Context) -> Position:
    found = next((d for d in context.documents.of(Dashboard) if d.uid == uid), None)
    return found.tree.at("refresh") if found else Position("")
