"""What is done to the running stack: every saved search is opened as a person would, its hits are counted and listed.

On the 30-day world, in an Elasticsearch of its own: what each search finds is compared with what the world says, over
30 days, 7 days and an hour; then each is opened again and again, cold and warm, alone and while others search and lines
come in. The searches take turns, so that a slow moment of the machine does not fall on one of them alone, and a query
with nothing to do is asked between them, so that the machine's own part can be told. If the suite `logs` ran, the lines
that it sent through the real chain are searched too.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from harness.contracts import Recorder
from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import SavedSearch, Searches, Table, mapping_of
from harness.errors import HarnessError
from harness.languages.kql import fields_of, references
from harness.probes.promql import risen
from harness.probes.search import Auth, Corpus, Discover, refusals
from harness.probes.search_export import export
from harness.probes.search_load import Crowd, forget_pages
from harness.probes.search_requests import TimeRange
from harness.world.running import MEMORY as WORLD
from harness.world.running import RunningWorld

NEEDS = ("world",)
AFTER = ("logs",)
STAND_INS = ("kibana", "world")

READER, WRITER = "log_reader", "logstash_writer"
SUPERUSER = "elastic"
TRUTH = "logs-truth"
INSTANCE, METRICS = "elasticsearch-world", "prometheus-world"
NAMED_IDS = 20
"""Ids named in an observation; the counts beside them are complete."""
EXAMINED_IDS = 500
"""Missing documents that are looked at to learn which field they lack."""
ASKED_AT_ONCE = 2
GIVE_UP = 3
"""Failures in a row after which no more is asked: a server that hangs would take the deadline every time."""
THIRTY_DAYS = 30 * 86400.0
RANGES: Mapping[str, float] = {"1 h": 3600.0, "7 d": 7 * 86400.0, "30 d": THIRTY_DAYS}
COMPLEX = "30 d"
"""The range that the baseline speaks of."""
ROUNDS: Mapping[str, tuple[int, int]] = {"30 d": (2, 5), "7 d": (1, 2), "1 h": (1, 2)}
"""How often each search is opened over a range: cold, then warm."""
BUSY_ROUNDS = 2
VIEWERS = 2
LISTED = 30_000
"""Hits up to which all of a search's are listed by id; of one with more, those of the last day are."""
DAY = 86400.0
EXPORTED = "7 d"
SAMPLES = 500
"""Documents of the world that are written again as the lines that come in."""


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
    """Open every saved search of the configuration, compare its hits, and try who may do what."""
    searches = tuple(_asked(stack.configuration))
    truth: Truth | None = stack.recall(TRUTH)
    if truth is not None:
        _live(stack, searches, truth, recorder)
    url, reader = stack.url(INSTANCE), stack.elasticsearch_auth(READER)
    world: RunningWorld = stack.recall(WORLD)
    stack.progress("reading what is true of the world")
    with Discover(url, reader) as discover:
        _fields(discover, searches, recorder)
        _corpus(discover, searches, world, recorder)
        if _hits(url, reader, searches, world, stack, recorder):
            _same(discover, searches, world, stack, recorder)
            _export(searches, world, stack, recorder)
            _times(discover, searches, world, stack, recorder)
    for index in sorted({asked.search.index for asked in searches if asked.search.index})[:1]:
        recorder.record("access", index, refusals(url, index, reader))


def _live(stack: Stack, searches: tuple[Asked, ...], truth: Truth, recorder: Recorder) -> None:
    """The hits among the lines that came through the real chain, and the tables built upon them."""
    with Discover(stack.url("elasticsearch"), stack.elasticsearch_auth(READER)) as discover:
        span, failed = _present(discover, searches), 0
        for done, asked in enumerate(searches):
            stack.progress(f"hits of {asked.search.title}", done, len(searches))
            answered = _compare(discover, asked, span, truth.searches.get(asked.search.title), recorder)
            failed = 0 if answered else failed + 1
            if failed == GIVE_UP:
                return
        for asked in searches:
            if asked.table and asked.search.title in truth.grouped_by:
                _tabulate(discover, asked, asked.table, span, truth.groups(asked.search.title), recorder)


def _asked(configuration: Configuration) -> Iterable[Asked]:
    templates = configuration.of(IndexTemplate)
    for document in configuration.of(Searches):
        for search in document.searches:
            yield Asked(search, mapping_of(search, templates), document.table_of(search))


def _present(discover: Discover, searches: Iterable[Asked]) -> TimeRange:
    """The last 30 days, or more when there is something older."""
    now = time.time()
    begin, end = now - THIRTY_DAYS, now
    for index, field in sorted({(a.search.index, a.search.time_field) for a in searches if a.search.index}):
        corpus: Corpus = discover.corpus(index, field)
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
        data: dict[str, Any] = {"corpus": "live", "hits": len(found), "index": search.index}
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


def _fields(discover: Discover, searches: Iterable[Asked], recorder: Recorder) -> None:
    """Record what the indices themselves say of every field that a search names."""
    for asked in searches:
        search = asked.search
        queried = {r.name for r in references(search.kql, strict=False) if r.pattern is None}
        named = {*search.columns, *(f for f, _ in search.sort), *(pill.field for pill in search.filters), *queried}
        try:
            known = discover.fields(search.index, named | {search.time_field})
        except HarnessError as error:
            recorder.record("search-fields", search.title, {"error": str(error)})
            continue
        data = {"columns": [*search.columns], "sort": [f for f, _ in search.sort], "queried": sorted(queried)}
        recorder.record("search-fields", search.title, {**data, "known": dict(known)})


def _corpus(discover: Discover, searches: Iterable[Asked], world: RunningWorld, recorder: Recorder) -> None:
    """Record what there is to be searched, and how much of it the sign-off asks for."""
    built = world.built
    made = {"scale": built.key.scale, "full_scale": world.full_scale, "dead_letters": built.about["dead_letters"]}
    made |= {"lines": built.about["lines"], "lost": built.about["lost"]}
    for index, field in sorted({(a.search.index, a.search.time_field) for a in searches if a.search.index}):
        corpus: Corpus = discover.corpus(index, field)
        data = {"documents": corpus.documents, "shards": corpus.shards, "days": corpus.days}
        recorder.record("search-corpus", index, {**data, **made})


def _span(world: RunningWorld, name: str) -> TimeRange:
    """A range that ends with the world; Kibana's bounds are both included, the world's end is not in it."""
    return TimeRange(world.truth.ends - RANGES[name], world.truth.ends - 0.001)


def _hits(
    url: str, reader: Auth, searches: tuple[Asked, ...], world: RunningWorld, stack: Stack, recorder: Recorder
) -> bool:
    """Compare what each search finds with what is true; whether the server still answers."""
    known, failed = world.truth.searches, 0
    free: SimpleQueue[Discover] = SimpleQueue()

    def found(asked: Asked) -> list[dict[str, Any]]:
        discover = free.get()
        try:
            return [_over(discover, asked, world, name, asked.search.title in known) for name in RANGES]
        finally:
            free.put(discover)

    # Nothing is timed here, so several are asked at once.
    with ExitStack() as closing, ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        for _ in range(ASKED_AT_ONCE):
            free.put(closing.enter_context(Discover(url, reader)))
        for done, (asked, ranges) in enumerate(zip(searches, pool.map(found, searches), strict=True)):
            stack.progress(f"hits of {asked.search.title}", done, len(searches))
            for data in ranges:
                recorder.record("search", asked.search.title, data)
                failed = failed + 1 if "error" in data else 0
            if failed >= GIVE_UP:
                pool.shutdown(cancel_futures=True)
                return False
    return True


def _over(discover: Discover, asked: Asked, world: RunningWorld, name: str, known: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"corpus": "world", "range": name, "index": asked.search.index}
    try:
        return data | (_found(discover, asked, world, name) if known else {"hits": 0})
    except HarnessError as error:
        return data | {"error": str(error)}


def _found(discover: Discover, asked: Asked, world: RunningWorld, name: str) -> dict[str, Any]:
    """A search over a range: the hits of each hour, and the ids as far as they are listed, against the truth."""
    truth, title, span = world.truth, asked.search.title, _span(world, name)
    wanted = truth.search_by_hour(title, span.begin, truth.ends)
    counted = discover.by_hour(asked.search, asked.mapping, span)
    hours = [hour for hour in sorted({*wanted, *counted}) if wanted.get(hour, 0) != counted.get(hour, 0)]
    expected, hits = sum(wanted.values()), sum(counted.values())
    part = (
        span if expected <= LISTED and hits <= 2 * LISTED else TimeRange(truth.ends - min(DAY, span.seconds), span.end)
    )
    # The shorter ranges are parts of the longest, whose ids are compared.
    listed = discover.ids(asked.search, asked.mapping, part) if name == COMPLEX else frozenset()
    ids = truth.search_ids(title, part.begin, truth.ends) if name == COMPLEX else frozenset()
    missing, unexpected = sorted(ids - listed), sorted(listed - ids)
    data = {
        "hits": hits,
        "expected": expected,
        "missing": missing[:NAMED_IDS],
        "missing_count": len(missing),
        "unexpected": unexpected[:NAMED_IDS],
        "unexpected_count": len(unexpected),
        "listed": len(listed),
        "hours": len({*wanted, *counted}),
        "wrong_hours_count": len(hours),
        "wrong_hours": [{"hour": h, "counted": counted.get(h, 0), "expected": wanted.get(h, 0)} for h in hours[:5]],
    }
    return data | (_lacking(discover, asked, tuple(missing[:EXAMINED_IDS])) if missing else {})


def _same(discover: Discover, searches: Iterable[Asked], world: RunningWorld, stack: Stack, recorder: Recorder) -> None:
    """Ask logs and metrics the same of every incident that both tell of."""
    asked = next((a for a in searches if a.search.time_field), None)
    questions: Mapping[str, Mapping[str, str]] = world.fixtures["searches"].get("same", {})
    if asked is None:
        return
    truth, plan = world.truth, world.truth.story.plan
    for incident in plan.incidents:
        restarted = any(incident.begins_ms <= at < incident.ends_ms for at in plan.deploys_ms)
        if incident.begins_ms <= plan.metrics_begin_ms or restarted:
            continue
        begin, end = incident.begins_ms / 1000, incident.ends_ms / 1000
        data: dict[str, Any] = {"share": incident.share, "multiplier": truth.multiplier}
        try:
            for name, question in questions.items():
                span = TimeRange(begin, end - 0.001)
                logs = discover.number(
                    asked.search.index, question["kql"], asked.mapping, asked.search.time_field, span
                )
                metrics = risen(stack.url(METRICS), question["promql"], begin, end)
                data[name] = {"logs": logs, "metrics": metrics}
        except HarnessError as error:
            data["error"] = str(error)
        recorder.record("one-story", incident.name, data)


def _export(searches: Iterable[Asked], world: RunningWorld, stack: Stack, recorder: Recorder) -> None:
    """Export the search that a reviewer is handed, and read the file back."""
    title = world.fixtures["searches"].get("export", "")
    for asked in searches:
        if asked.search.title != title:
            continue
        stack.progress(f"exporting {title}")
        span, text, began = _span(world, EXPORTED), io.StringIO(newline=""), time.perf_counter()
        url, reader = stack.url(INSTANCE), stack.elasticsearch_auth(READER)
        try:
            made = export(url, reader, asked.search, asked.mapping, span, text)
        except HarnessError as error:
            recorder.record("search-export", title, {"error": str(error)})
            return
        text.seek(0)
        rows = list(csv.DictReader(text))
        wanted = world.truth.search_ids(title, span.begin, world.truth.ends)
        ids = [row["_id"] for row in rows]
        data = {"range": EXPORTED, "rows": len(rows), "expected": len(wanted), "distinct": len({*ids})}
        data |= {"missing_count": len(wanted - {*ids}), "unexpected_count": len({*ids} - wanted)}
        data["filled"] = {name: sum(1 for row in rows if row[name]) for name in made.columns}
        data["seconds"] = time.perf_counter() - began
        recorder.record("search-export", title, data)


@dataclass(frozen=True, slots=True)
class Round:
    """Every search opened once over a range: cold or warm, alone or while others are at work."""

    turn: int
    range: str
    cold: bool
    busy: bool


def _rounds() -> list[Round]:
    """What is opened alone, the short ranges last; a cold round before the warm ones of its range."""
    made: list[Round] = []
    for name, (cold, warm) in ROUNDS.items():
        made += [Round(len(made) + n, name, n < cold, False) for n in range(cold + warm)]
    return made


def _times(
    discover: Discover, searches: tuple[Asked, ...], world: RunningWorld, stack: Stack, recorder: Recorder
) -> None:
    """Open every search over every range, alone and then while others are at work; record how long each took."""
    rounds = _rounds()
    for number, one in enumerate(rounds):
        stack.progress(f"opening searches over {one.range}", number, len(rounds) + BUSY_ROUNDS)
        if not _opened(discover, searches, world, one, stack, recorder):
            return
    url, alias = stack.url(INSTANCE), world.fixtures["deployment"]["logs"]["alias"]
    rate = float(world.fixtures["story"]["lines_per_second"])
    reader, writer = stack.elasticsearch_auth(READER), stack.elasticsearch_auth(WRITER)
    crowd = Crowd(url, reader, writer, alias, VIEWERS, rate)
    samples = discover.samples(alias, SAMPLES)
    began = time.perf_counter()
    with crowd.at_work([(a.search, a.mapping) for a in searches], _span(world, COMPLEX), samples) as load:
        for number in range(BUSY_ROUNDS):
            stack.progress("opening searches while others search", len(rounds) + number, len(rounds) + BUSY_ROUNDS)
            if not _opened(discover, searches, world, Round(number, COMPLEX, False, True), stack, recorder):
                break
        seconds = time.perf_counter() - began
        data = {"searched": load.searched, "indexed": load.indexed, "seconds": seconds, "viewers": VIEWERS}
    recorder.record("search-load", "searches", {**data, "failed": load.failed[:3]})


def _opened(
    discover: Discover,
    searches: tuple[Asked, ...],
    world: RunningWorld,
    one: Round,
    stack: Stack,
    recorder: Recorder,
) -> bool:
    """Open every search once; whether the server still answers. Before each, a query that has nothing to do."""
    superuser, span, failed = _superuser(stack), _span(world, one.range), 0
    files = sorted((world.folder / "elasticsearch").glob("indices/*/*/index/*")) if one.cold else []
    for asked in searches:
        data: dict[str, Any] = {
            "turn": one.turn,
            "cold": False,
            "corpus": "world",
            "range": one.range,
            "busy": one.busy,
        }
        try:
            if one.cold and superuser is not None:
                data["cold"] = discover.clear_caches(asked.search.index, superuser)
                data["files_forgotten"] = forget_pages(files)
            recorder.record(
                "calibration", "searches", {"seconds": discover.trifle(asked.search.index), "busy": one.busy}
            )
            for seen in _open(discover, asked, span):
                recorder.record("search-time", asked.search.title, {**data, **seen})
            failed = 0
        except HarnessError as error:
            recorder.record("search-time", asked.search.title, {**data, "error": str(error)})
            failed += 1
        if failed == GIVE_UP:
            return False
    return True


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
