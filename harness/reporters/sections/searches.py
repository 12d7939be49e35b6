"""Saved searches as the run saw them: what each found against what it had to find, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model import History
from harness.reporters.sections.reading import figure, p95, text, whole
from harness.reporters.summary import Standing


@dataclass(frozen=True, slots=True)
class Search:
    """One saved search. `expected` is None when there was no truth to compare with."""

    title: str
    standing: Standing
    hits: int | None
    expected: int | None
    missing: int
    unexpected: int
    opened: int
    cold_seconds: float | None
    warm_p95_seconds: float | None
    remark: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """What there was to be searched."""

    index: str
    documents: int
    shards: int
    days: float | None


@dataclass(frozen=True, slots=True)
class Searched:
    """All searches of a run, and what they were asked of."""

    searches: tuple[Search, ...]
    corpora: tuple[Corpus, ...]


def searched(history: History) -> Searched | None:
    """Every saved search that was opened; None when none was."""
    titles = sorted({o.subject for kind in ("search", "search-time") for o in history.of_kind(kind)})
    if not titles:
        return None
    newest = {seen.subject: seen.data for seen in history.of_kind("search-corpus")}
    corpora = tuple(
        Corpus(index, whole(data, "documents"), whole(data, "shards"), figure(data, "days"))
        for index, data in sorted(newest.items())
    )
    return Searched(tuple(_search(history, title) for title in titles), corpora)


def _search(history: History, title: str) -> Search:
    listed = [o.data for o in history.of_kind("search", title)]
    # Listed over several ranges: what it found is told of the widest, what it missed of all.
    data: Mapping[str, Any] = max(listed, key=lambda one: figure(one, "expected") or 0.0, default={})
    every = [o.data for o in history.of_kind("search-time", title)]
    times = [d for d in every if not d.get("busy") and d.get("range") == judged_range(history)]
    broken = [text(d, "error") for d in (*listed, *every) if d.get("error")]
    expected = figure(data, "expected")
    missing = sum(whole(one, "missing_count") for one in listed)
    unexpected = sum(whole(one, "unexpected_count") for one in listed)
    hits = figure(data, "hits")
    discover = [d for d in times if d.get("view", "discover") == "discover" and figure(d, "seconds") is not None]
    cold = [s for d in discover if d.get("cold") and (s := figure(d, "seconds")) is not None]
    warm = [s for d in discover if not d.get("cold") and (s := figure(d, "seconds")) is not None]
    return Search(
        title=title,
        standing=_standing(bool(broken) or bool(missing or unexpected), hits, expected),
        hits=None if hits is None else int(hits),
        expected=None if expected is None else int(expected),
        missing=missing,
        unexpected=unexpected,
        opened=len(discover),
        cold_seconds=max(cold, default=None),
        warm_p95_seconds=p95(warm),
        remark=broken[0] if broken else _remark(data, hits, expected),
    )


def judged_range(history: History) -> str | None:
    """The time range most openings were about, which is the one that is judged; None when none was noted."""
    ranges = [o.data.get("range") for o in history.of_kind("search-time")]
    return max(dict.fromkeys(ranges), key=ranges.count, default=None)


def _standing(wrong: bool, hits: float | None, expected: float | None) -> Standing:
    """Whether the hits are those that had to be found. A search that had nothing to find has shown nothing."""
    if wrong:
        return Standing.FAILED
    return Standing.PROVEN if hits and expected else Standing.UNKNOWN


def _remark(data: Mapping[str, Any], hits: float | None, expected: float | None) -> str:
    if hits is None:
        return "its hits were not listed"
    if expected is None:
        return "there was no truth to compare with"
    if not expected:
        return "no line was written that it had to find"
    lacking = data.get("lacking")
    return f"what is missing lacks {', '.join(map(str, lacking))}" if isinstance(lacking, list) and lacking else ""
