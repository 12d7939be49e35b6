"""How much may be stored, and shown, before the dashboards are too slow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.checks.growth.measured import unmeasured
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.growth import Grown, fitted, size
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof, Severity

SERVICES = ("world", "elasticsearch", "prometheus", "grafana")


class GrowthOfDashboards(Check):
    """Dashboards with log lines stay within their limit on every size; over which range each would not is told.

    Why: what opens at once on a young system may not next year, and an incident is looked at over days. How measured:
    every dashboard that shows log lines over 24 hours, on worlds of at least four sizes; every dashboard over 1 to 15
    days of the largest. The documented limit is about a dashboard as it opens, so a long range that takes longer is a
    warning. A load in which a query failed is no sample. How to fix: fewer points, a recording rule, a shorter range.
    """

    id, subject, suite = "growth/dashboards", History, "growth"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Too slow, broken, or how far it goes."""
        yield from unmeasured(history)
        if history.last("growth-left-out"):
            return
        limit = float(context.baseline("dashboard-load")["limit"])
        places = {d.uid: d.tree.key_at("panels") for d in context.documents.of(Dashboard) if d.panels}
        sized, ranged = history.of_kind("growth-dashboard"), history.of_kind("growth-range")
        broken = [one for one in (*sized, *ranged) if one.data["errors"] or not one.data["with_data"]]
        for uid in sorted({one.subject for one in broken}):
            yield Gap(f"loads of {uid} failed or showed nothing, so their times say nothing")
        by_size = fitted([one for one in sized if one not in broken], "documents")
        by_range = fitted([one for one in ranged if one not in broken], "days")
        for uid in sorted(places.keys() - {one.subject for one in by_range}):
            yield Gap(f"{uid} was not timed over enough ranges")
        for one in by_size:
            if over := [at for at in one.sizes if one.p95(at) >= limit]:
                message = f"{one.subject} takes {one.p95(over[0]):.2f} s (p95) on {size(over[0], 'documents')}"
                yield self.finding(places.get(one.subject, Position("dashboards")), f"{message}, limit {limit:g} s")
        yield from self._long(by_range, limit, places)
        if by_range:
            yield _proof(by_size, by_range, (*sized, *ranged), limit)

    def _long(self, by_range: Sequence[Grown], limit: float, places: dict[str, Position]) -> Iterator[Outcome]:
        for one in by_range:
            if over := [at for at in one.sizes if one.p95(at) >= limit]:
                message = (
                    f"{one.subject} over {over[0]:g} days takes {one.p95(over[0]):.2f} s (p95), more than {limit:g} s"
                )
                where = places.get(one.subject, Position("dashboards"))
                yield self.finding(where, message, severity=Severity.WARNING)


def _proof(by_size: Sequence[Grown], by_range: Sequence[Grown], samples: Sequence[Observation], limit: float) -> Proof:
    told = [f"{len(by_range)} dashboards over {', '.join(f'{at:g}' for at in by_range[0].sizes)} days"]
    told.append(f"the fastest growing, {by_range[0].told(limit, 'days')}")
    if by_size:
        told.append(f"{len(by_size)} with log lines over 24 hours on {len(by_size[0].sizes)} sizes")
        told.append(f"the fastest growing, {by_size[0].told(limit, 'documents')}")
    return Proof(
        "; ".join(told),
        samples=len(samples),
        services=SERVICES,
        evidence=(
            Evidence("growth-dashboard", "every dashboard with log lines"),
            Evidence("growth-range", "every dashboard"),
        ),
    )
