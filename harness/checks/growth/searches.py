"""How much may be stored before the saved searches are too slow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.checks.growth.measured import unmeasured
from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.growth import Grown, fitted, size
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof, Severity

UNIT = "documents"
SERVICES = ("world", "elasticsearch", "kibana")


class GrowthOfSearches(Check):
    """Every saved search stays within its limit on every size measured; where it would not is told, extrapolated.

    Why: a search that answers today is opened on ten times as much next year. How measured: each search over 30 days
    on worlds of at least four sizes, its hits compared with the truth, a line laid through its times by the median of
    the slopes. The size at which the line comes to the limit lies beyond what was measured, and is a guess with an
    interval, never a verdict. If it lies below what the deployment writes in 30 days, that is a warning. How to fix:
    narrow the query, or give Elasticsearch more than this machine has.
    """

    id, subject, suite = "growth/searches", History, "growth"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Too slow, wrong, or how far it goes."""
        yield from unmeasured(history)
        if history.last("growth-left-out"):
            return
        samples = history.of_kind("growth-search")
        places = {s.title: s.at() for document in context.documents.of(Searches) for s in document.searches}
        wrong = [one for one in samples if one.data["hits"] != one.data["expected"]]
        for one in {one.subject: one for one in wrong}.values():
            found = f"{one.data['hits']:,} hits of {one.data['expected']:,} among {one.data['documents']:,} documents"
            yield self.finding(_place(places, one.subject), f"`{one.subject}` finds {found}: its time says nothing")
        limit = float(context.baseline("log-query")["limit"])
        grown = fitted([one for one in samples if one.data["hits"] == one.data["expected"]], UNIT)
        for title in sorted(places.keys() - {one.subject for one in grown}):
            yield Gap(f"`{title}` was not timed on enough sizes")
        if not grown:
            return
        yield from self._judged(grown, limit, _produced(history), places)
        yield _proof(grown, samples, limit, history)

    def _judged(
        self, grown: Sequence[Grown], limit: float, produced: float, places: Mapping[str, Position]
    ) -> Iterable[Outcome]:
        for one in grown:
            over = [at for at in one.sizes if one.p95(at) >= limit]
            breaks = one.breaks(limit)
            if over:
                message = (
                    f"`{one.subject}` takes {one.p95(over[0]):.2f} s (p95) on {size(over[0], UNIT)}, limit {limit:g} s"
                )
                yield self.finding(_place(places, one.subject), message)
            elif breaks is not None and breaks[0] < produced:
                message = f"{one.told(limit, UNIT)}; the deployment writes {size(produced, UNIT)} in 30 days"
                yield self.finding(_place(places, one.subject), message, severity=Severity.WARNING)


def _place(places: Mapping[str, Position], title: str) -> Position:
    return places.get(title, Position("config/kibana"))


def _produced(history: History) -> float:
    return max((float(one.data["production"]) for one in history.of_kind("growth-size")), default=0.0)


def _proof(grown: Sequence[Grown], samples: Sequence[Observation], limit: float, history: History) -> Proof:
    first = grown[0]
    sizes = ", ".join(size(at, UNIT).removesuffix(f" {UNIT}") for at in first.sizes)
    noise = [float(one.data["seconds"]) for one in history.of_kind("growth-noise")]
    slowest = max(one.p95(at) for one in grown for at in one.sizes)
    idle = f"; a query with nothing to do took at most {max(noise) * 1000:.0f} ms" if noise else ""
    return Proof(
        f"{len(grown)} searches over {sizes} {UNIT}: slowest p95 {slowest:.2f} s; "
        f"the fastest growing, {first.told(limit, UNIT)}{idle}",
        samples=len(samples),
        services=SERVICES,
        evidence=(Evidence("growth-search", "every search on every size"), Evidence("growth-size", "all")),
    )
