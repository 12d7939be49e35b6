"""Whether a person waits too long for a saved search."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof, Severity

SERVICES = ("world", "elasticsearch", "kibana")
FEWEST = 100
"""Samples below which the upper bound of a p95's confidence interval is the maximum by another name."""
COMPLEX = "30 d"
"""The range that the baseline speaks of; an opening that names none is over all there is."""


class LogQuery(Check):
    """The saved searches answer within the documented time, cold and warm.

    Why: whoever investigates an incident asks many questions in a row; slow answers are questions not asked.
    How measured: each search is opened as Discover does, grid and chart at once, timed until both are there; cold
    (Elasticsearch's caches emptied and the files' pages forgotten by the operating system) and warm; tables built
    upon a search are timed too. Judged is the p95 over 30 days of at least 100 openings alone, and again while others
    search and lines come in; 7 days and an hour are told beside it. A query with nothing to do, asked between them,
    tells the machine's own part. How large the corpus was is said with the figure, for it holds for no more than that.
    Fix: the finding names the slowest search. Leading wildcards, many shards and unmapped sort fields are the
    usual cause.
    """

    severity, subject = Severity.BUG, History
    baseline, suite = "log-query", "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Add up the recorded openings and compare their p95 with the limit."""
        recorded = subject.of_kind("search-time")
        timed = [o for o in recorded if "seconds" in o.data and not o.data.get("failures")]
        yield from self._unasked(recorded, context)
        limit = _limit(context)
        if limit is None:
            yield Gap("fixtures/baselines.yml has no limit for log-query")
            return
        judged = [o for o in timed if o.data.get("range", COMPLEX) == COMPLEX]
        alone = [o for o in judged if not o.data.get("busy")]
        if len(alone) < FEWEST:
            yield Gap(f"only {len(alone)} openings were timed, a p95 needs {FEWEST}")
            return
        for some, how in ((alone, ""), ([o for o in judged if o.data.get("busy")], " while others searched")):
            p95 = quantile([o.data["seconds"] for o in some], 0.95) if some else 0.0
            if p95 >= limit:
                title, slowest = _slowest(some)
                place = _places(context).get(title, Position("config/kibana"))
                message = f"p95 {p95:.2f} s over {len(some)} openings{how}, the limit is {limit:g} s"
                yield self.finding(place, f"{message}; slowest is `{title}`, p95 {slowest:.2f} s; {_corpus(subject)}")
                return
        p95 = quantile([o.data["seconds"] for o in alone], 0.95)
        details = "; ".join([_details(alone), *_beside(timed), *_noise(subject)])
        statement = f"p95 {p95:.2f} s of {limit:g} s, {details}; {_corpus(subject)}"
        evidence = (Evidence("search-time", "every opening", f"{len(timed)} samples"),)
        values = tuple(float(o.data["seconds"]) for o in alone)
        yield Proof(statement, len(alone), SERVICES, p95, limit, "s", evidence, values)

    def _unasked(self, recorded: Sequence[Observation], context: Context) -> Iterator[Outcome]:
        """Searches that no one opened, and those that did not open."""
        subjects: dict[str, list[Observation]] = defaultdict(list)
        for observation in recorded:
            subjects[observation.subject].append(observation)
        for title, place in _places(context).items():
            opened = subjects.get(title, [])
            broken = [o for o in opened if "error" in o.data or o.data.get("failures")]
            if not opened:
                yield Gap(f"`{title}` was never opened")
            elif broken:
                data = broken[0].data
                reason = data.get("error") or data["failures"][0]
                yield self.finding(place, f"`{title}` did not open {len(broken)} of {len(opened)} times: {reason}")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float], share: float) -> tuple[float, float]:
    """A 95 % confidence interval of a quantile, from the values' order alone (normal approximation of the ranks)."""
    ordered, count = sorted(values), len(values)
    middle, width = share * count, 1.96 * math.sqrt(count * share * (1 - share))
    low, high = math.floor(middle - width), math.ceil(middle + width)
    return ordered[min(max(low - 1, 0), count - 1)], ordered[min(max(high - 1, 0), count - 1)]


def _limit(context: Context) -> float | None:
    entries = context.fixtures.get("baselines", {}).get("baselines", [])
    return next((float(entry["limit"]) for entry in entries if entry["id"] == LogQuery.baseline), None)


def _places(context: Context) -> Mapping[str, Position]:
    return {s.title: s.in_query() for document in context.documents.of(Searches) for s in document.searches}


def _slowest(timed: Sequence[Observation]) -> tuple[str, float]:
    by_title: dict[str, list[float]] = defaultdict(list)
    for observation in timed:
        by_title[observation.subject].append(observation.data["seconds"])
    return max(((title, quantile(values, 0.95)) for title, values in by_title.items()), key=lambda pair: pair[1])


def _details(timed: Sequence[Observation]) -> str:
    """Samples, confidence, and cold and warm apart."""
    seconds = [o.data["seconds"] for o in timed]
    low, high = spread(seconds, 0.95)
    parts = [f"{len(timed)} openings of {len({o.subject for o in timed})} searches"]
    parts.append(f"95 % confidence {low:.2f} to {high:.2f} s, p50 {quantile(seconds, 0.5):.2f} s")
    parts[-1] += f", slowest {max(seconds):.2f} s"
    for name, wanted in (("cold", True), ("warm", False)):
        some = [o.data["seconds"] for o in timed if bool(o.data.get("cold")) is wanted]
        parts.append(f"{name} p95 {quantile(some, 0.95):.2f} s of {len(some)}" if some else f"none {name}")
    return "; ".join(parts)


def _beside(timed: Sequence[Observation]) -> Iterator[str]:
    """The openings that are not those of the baseline: under load, and over shorter times."""
    busy = [o.data["seconds"] for o in timed if o.data.get("busy")]
    if busy:
        yield f"while others searched and lines came in p95 {quantile(busy, 0.95):.2f} s of {len(busy)}"
    for name in dict.fromkeys(str(o.data["range"]) for o in timed if "range" in o.data):
        if name != COMPLEX:
            some = [o.data["seconds"] for o in timed if o.data.get("range") == name]
            yield f"over {name} p50 {quantile(some, 0.5):.2f} s, p95 {quantile(some, 0.95):.2f} s of {len(some)}"


def _noise(history: History) -> Iterator[str]:
    """What a query with nothing to do took, asked between the others while nobody else searched."""
    trifles = [o.data["seconds"] for o in history.of_kind("calibration", "searches") if not o.data.get("busy")]
    if trifles:
        p50, p95 = (quantile(trifles, share) * 1000 for share in (0.5, 0.95))
        yield f"a query with nothing to do took p50 {p50:.0f} ms, p95 {p95:.0f} ms"


def _corpus(history: History) -> str:
    """What was searched, as it was."""
    found: list[Mapping[str, Any]] = [o.data for o in history.of_kind("search-corpus")]
    if not found:
        return "the size of the corpus was not recorded"
    most = max(found, key=lambda data: data["documents"])
    return f"over {most['documents']:,} documents in {most['shards']} shards that span {most['days']:.1f} days"
