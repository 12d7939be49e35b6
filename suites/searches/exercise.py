"""What is done to the running stack: every saved search is opened as a person would, and its hits are listed.

Each search is opened once with Elasticsearch's caches emptied before, then again and again with them warm, the searches
taking turns so that a slow moment of the machine does not fall on one of them alone.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.contracts import Recorder
from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import SavedSearch, Searches, Table, mapping_of
from harness.errors import HarnessError
from harness.languages.kql import fields_of, references
from harness.probes.search import Auth, Corpus, Discover, refusals
from harness.probes.search_requests import TimeRange

NEEDS = ("elasticsearch",)
REQUIRES = ("logs",)
STAND_INS = ("kibana",)

ROUNDS = 8
READER = "log_reader"
SUPERUSER = "elastic"
TRUTH = "logs-truth"
NAMED_IDS = 20
"""Ids named in an observation; the counts beside them are complete."""
EXAMINED_IDS = 500
"""Missing documents that are looked at to learn which field they lack."""
GIVE_UP = 3
"""Failures in a row after which no more is asked: a server that hangs would take the deadline every time."""
THIRTY_DAYS = 30 * 86400.0


class Truth(Protocol):
    """What the generator knows about the lines it wrote."""

    @property
    def searches(self) -> Mapping[str, frozenset[str]]:
        """The ids that each saved search must find, by the search's title."""
        ...

    @property
    def grouped_by(self) -> Mapping[str, str]:
        """The field by which a summary counts, by the search's title."""
        ...

    def groups(self, search: str) -> Mapping[str, int]:
        """How many of a summary's documents fall into each group."""
        ...


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration

    def url(self, service: str) -> str:
        """Where a service listens."""
        ...

    def elasticsearch_auth(self, user: str) -> Auth:
        """User and password of one of Elasticsearch's users."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell a person what is going on."""
        ...

    def recall(self, name: str) -> Any:
        """What an earlier suite left for this one; None when it did not."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A saved search with what its query needs: the mapping of its indices, and the table built upon it."""

    search: SavedSearch
    mapping: dict[str, Any]
    table: Table | None


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Open every saved search of the configuration, list its hits, and try who may do what."""
    url, reader = stack.url("elasticsearch"), stack.elasticsearch_auth(READER)
    searches = tuple(_asked(stack.configuration))
    truth: Truth | None = stack.recall(TRUTH)
    expected = truth.searches if truth is not None else {}
    with Discover(url, reader) as discover:
        span = _corpora(discover, searches, recorder)
        failed = 0
        for done, asked in enumerate(searches):
            stack.progress(f"hits of {asked.search.title}", done, len(searches))
            answered = _compare(discover, asked, span, expected.get(asked.search.title), recorder)
            failed = 0 if answered else failed + 1
            if failed == GIVE_UP:
                return
        for asked in searches:
            if asked.table and truth is not None and asked.search.title in truth.grouped_by:
                _tabulate(discover, asked, asked.table, span, truth.groups(asked.search.title), recorder)
        _time(discover, searches, span, stack, recorder)
    for index in sorted({asked.search.index for asked in searches if asked.search.index})[:1]:
        recorder.record("access", index, refusals(url, index, reader))


def _asked(configuration: Configuration) -> Iterable[Asked]:
    templates = configuration.of(IndexTemplate)
    for document in configuration.of(Searches):
        for search in document.searches:
            yield Asked(search, mapping_of(search, templates), document.table_of(search))


def _corpora(discover: Discover, searches: Iterable[Asked], recorder: Recorder) -> TimeRange:
    """Record what there is to be searched. The last 30 days will be asked for, or more when there is older."""
    now = time.time()
    begin, end = now - THIRTY_DAYS, now
    for index, field in sorted({(a.search.index, a.search.time_field) for a in searches if a.search.index}):
        corpus: Corpus = discover.corpus(index, field)
        data = {"documents": corpus.documents, "shards": corpus.shards, "days": corpus.days}
        recorder.record("search-corpus", index, data)
        begin, end = min(begin, corpus.begin or begin), max(end, corpus.end or end)
    # Kibana's bounds have milliseconds; a line written within the last one must not fall out.
    return TimeRange(begin - 1, end + 1)


def _compare(
    discover: Discover, asked: Asked, span: TimeRange, expected: Collection[str] | None, recorder: Recorder
) -> bool:
    """Record a search's hits against what should have been found, and what the missing documents lack."""
    search = asked.search
    try:
        found = discover.ids(search, asked.mapping, span)
        data: dict[str, Any] = {"hits": len(found), "index": search.index}
        if expected is not None:
            missing, unexpected = sorted(set(expected) - found), sorted(found - set(expected))
            data |= {
                "expected": len(expected),
                "missing": missing[:NAMED_IDS],
                "missing_count": len(missing),
                "unexpected": unexpected[:NAMED_IDS],
                "unexpected_count": len(unexpected),
            }
            if missing:
                data |= _lacking(discover, asked, tuple(missing[:EXAMINED_IDS]))
    except HarnessError as error:
        data = {"error": str(error)}
    recorder.record("search", search.title, data)
    return "error" not in data


def _lacking(discover: Discover, asked: Asked, missing: tuple[str, ...]) -> dict[str, Any]:
    """Whether the missing documents are there at all, and which of the query's fields none of them has."""
    known = {field.name for field in fields_of(asked.mapping)}
    named = tuple(dict.fromkeys(r.name for r in references(asked.search.kql) if r.name in known))
    holding = discover.holding(asked.search.index, named, missing)
    return {
        "examined": len(missing),
        "present": holding[""],
        "lacking": [field for field in named if holding[""] and not holding.get(field, 0)],
    }


def _tabulate(
    discover: Discover, asked: Asked, table: Table, span: TimeRange, groups: Mapping[str, int], recorder: Recorder
) -> None:
    """Record the rows of a table that differ from the truth by more than Elasticsearch says they may."""
    try:
        shown = discover.count(asked.search, table, asked.mapping, span)
        wrong = [
            {"row": key, "counted": count, "expected": groups.get(key, 0)}
            for key, count in shown.rows
            if abs(count - groups.get(key, 0)) > shown.error
        ]
        data: dict[str, Any] = {"rows": len(shown.rows), "error": shown.error, "wrong_count": len(wrong)}
        data["wrong"] = wrong[:NAMED_IDS]
    except HarnessError as error:
        data = {"error": str(error)}
    recorder.record("search-table", asked.search.title, data)


def _time(discover: Discover, searches: tuple[Asked, ...], span: TimeRange, stack: Stack, recorder: Recorder) -> None:
    """Open every search once cold and seven times warm; record how long each took."""
    superuser = _superuser(stack)
    total, failed = ROUNDS * len(searches), 0
    for done in range(total):
        turn, asked = done // len(searches), searches[done % len(searches)]
        stack.progress(f"opening {asked.search.title}", done, total)
        data: dict[str, Any] = {"turn": turn, "cold": False}
        try:
            data["cold"] = turn == 0 and superuser is not None and discover.clear_caches(asked.search.index, superuser)
            for seen in _open(discover, asked, span):
                recorder.record("search-time", asked.search.title, {**data, **seen})
            failed = 0
        except HarnessError as error:
            recorder.record("search-time", asked.search.title, {**data, "error": str(error)})
            failed += 1
        if failed == GIVE_UP:
            return


def _open(discover: Discover, asked: Asked, span: TimeRange) -> Iterator[dict[str, Any]]:
    """Open a search in Discover, and the table built upon it if there is one."""
    opened = discover.ask(asked.search, asked.mapping, span)
    yield {
        "view": "discover",
        "seconds": opened.seconds,
        "took_seconds": opened.took_seconds,
        "hits": opened.total,
        "shown": len(opened.first_ids),
        "bars": opened.bars,
        "failures": list(opened.failures),
    }
    if asked.table:
        table = discover.count(asked.search, asked.table, asked.mapping, span)
        yield {
            "view": "table",
            "seconds": table.seconds,
            "hits": table.total,
            "rows": len(table.rows),
            "counted": sum(count for _, count in table.rows),
            "beyond": table.beyond,
            "failures": list(table.failures),
        }


def _superuser(stack: Stack) -> Auth:
    """The user who may empty caches; None where there is none to be had, e.g. on a staging stack."""
    try:
        return stack.elasticsearch_auth(SUPERUSER)
    except HarnessError:
        return None
