"""Whether each saved search finds exactly what it should."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.contracts import Check, Context
from harness.documents.logstash import Logstash
from harness.documents.searches import SavedSearch, Searches
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof, Severity

LIVE = ("filebeat", "logstash", "elasticsearch", "kibana")
WORLD = ("world", "elasticsearch", "kibana")

LONGEST = "30 d"

_LIST = r"""\[(?:[^\[\]"']|"[^"]*"|'[^']*')*\]"""
_REMOVAL = re.compile(
    rf"""\b(?:remove_field|remove|blacklist_names)\s*=>\s*(?P<listed>{_LIST}|"[^"]*"|'[^']*')"""
    rf"""|\brename\s*=>\s*(?P<renamed>\{{[^}}]*\}}|{_LIST})"""
)
_PARSER = re.compile(r"^\s*(json|grok|dissect|kv|csv|prune)\s*\{", re.MULTILINE)


class Hits(Check):
    """Every saved search finds all the documents it should, and no other.

    Why: a search that misses documents hides incidents from those on call and accesses from the auditor.
    How measured: the generator knows which lines each search must find. On the 30-day world the hits of every hour
    must be as many as it says, over 30 days, 7 days and the last hour, and the ids the same: all of them up to 30,000
    hits, beyond that those of the last day. Of the lines that came through the real chain in this run every id is
    compared. What Discover counts must be the hits. A search that should find nothing in 30 days proves nothing, and
    is unknown.
    Fix: the finding tells whether the documents are missing altogether, lack the field, or are there and not
    matched.
    """

    severity, subject, suite = Severity.BUG, History, "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare, for each search of the configuration, what was recorded of it."""
        searches = [search for document in context.documents.of(Searches) for search in document.searches]
        if not searches:
            yield Gap("the configuration holds no saved search")
            return
        exact: dict[str, list[Mapping[str, Any]]] = {}
        for search in searches:
            recorded = subject.of_kind("search", search.title)
            if not recorded:
                yield Gap(f"`{search.title}` was never asked")
            for one in recorded:
                outcomes = [*self._compared(search, one.data, subject, context)]
                yield from outcomes
                if not outcomes:
                    exact.setdefault(one.data.get("corpus", "live"), []).append({**one.data, "title": search.title})
        for corpus, found in exact.items():
            yield _proof(corpus, found, len(searches))

    def _compared(
        self, search: SavedSearch, data: Mapping[str, Any], history: History, context: Context
    ) -> Iterator[Outcome]:
        if "error" in data:
            yield self.finding(search.in_query(), f"`{search.title}` could not be asked: {data['error']}")
        elif "expected" not in data:
            yield Gap(f"`{search.title}`: nothing says what it should find", hint="Run it with the suite `logs`.")
        elif not data["expected"] and not data["hits"]:
            if data.get("range") in (None, LONGEST):
                yield Gap(f"`{search.title}` should find nothing and did, which proves nothing")
        else:
            yield from self._misses(search, data, context)
            yield from self._miscounts(search, data, history)
            if data.get("corpus", "live") == "live":
                yield from self._miscounted_rows(search, history)

    def _misses(self, search: SavedSearch, data: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        over = f" over {data['range']}" if "range" in data else ""
        if count := data.get("wrong_hours_count", 0):
            first = data["wrong_hours"][0]
            when = datetime.fromtimestamp(first["hour"], UTC).strftime("%Y-%m-%d %H:%M")
            message = f"`{search.title}` finds {data['hits']:,} of the {data['expected']:,} it should{over}"
            example = f"e.g. {first['counted']:,} of {first['expected']:,} in the hour from {when}"
            yield self.finding(search.in_query(), f"{message}: {count} of {data['hours']} hours are wrong, {example}")
        if count := data["missing_count"]:
            message = f"`{search.title}` finds {data['expected'] - count:,} of the {data['expected']:,} it should{over}"
            cause, also = _cause(data, context)
            yield self.finding(
                search.in_query(), f"{message}: {_some(data['missing'], count)} missing; {cause}", also=also
            )
        if count := data["unexpected_count"]:
            message = f"`{search.title}` finds {count:,} it should not{over}, {_some(data['unexpected'], count)}"
            yield self.finding(search.in_query(), message)

    def _miscounts(self, search: SavedSearch, data: Mapping[str, Any], history: History) -> Iterator[Finding]:
        """What Discover and the table show as the number of hits, against the hits themselves."""
        hits = data["hits"]
        for opened in history.of_kind("search-time", search.title):
            if any(opened.data.get(name) != data.get(name) for name in ("corpus", "range")):
                continue
            counted = opened.data.get("hits", hits)
            if counted != hits and not opened.data.get("failures"):
                message = f"`{search.title}` has {hits:,} hits, but the {opened.data['view']} view counts {counted:,}"
                yield self.finding(search.in_query(), message)
                return

    def _miscounted_rows(self, search: SavedSearch, history: History) -> Iterator[Finding]:
        """What the table built upon the search shows, row by row, against the truth."""
        shown = history.last("search-table", search.title)
        if shown is None:
            return
        if "wrong" not in shown.data:
            yield self.finding(search.in_query(), f"the table of `{search.title}` fails: {shown.data['error']}")
        elif shown.data["wrong"]:
            first, count = shown.data["wrong"][0], shown.data["wrong_count"]
            example = f"`{first['row']}` shows {first['counted']:,} and should show {first['expected']:,}"
            message = f"the table of `{search.title}` is wrong in {count} of {shown.data['rows']} rows: {example}"
            yield self.finding(search.in_query(), message)


def _proof(corpus: str, found: Sequence[Mapping[str, Any]], searches: int) -> Proof:
    """What the exact searches over one corpus prove."""
    titles = {data["title"] for data in found}
    evidence = (Evidence("search", "every saved search", "hits against the generator's"),)
    if corpus == "world":
        hits = sum(data["hits"] for data in found if data["range"] == LONGEST)
        ranges = ", ".join(dict.fromkeys(data["range"] for data in found))
        statement = f"{len(titles)} of {searches} saved searches find exactly what they should over {ranges}"
        listed = f"{hits:,} hits in 30 d counted by the hour, {sum(data['listed'] for data in found):,} ids compared"
        return Proof(f"{statement}: {listed}", len(found), WORLD, evidence=evidence)
    hits = sum(data["hits"] for data in found)
    statement = f"{len(titles)} of {searches} saved searches find exactly what they should, {hits:,} hits in all"
    return Proof(statement, len(found), LIVE, evidence=evidence)


def _some(ids: list[str], count: int) -> str:
    """The ids by name, as many as fit a line."""
    shown = ", ".join(ids[:3])
    return shown if count <= 3 else f"{shown} and {count - 3:,} more"


def _cause(data: Mapping[str, Any], context: Context) -> tuple[str, tuple[Position, ...]]:
    """Why documents are missing, as far as the recorded counts tell, and where the pipeline is to blame."""
    examined, present = data.get("examined", 0), data.get("present", 0)
    if not present:
        return "none of them is in the index, so they were lost on the way", ()
    absent = f"{examined - present:,} of {examined:,} are not in the index; " if present < examined else ""
    lacking = data.get("lacking", [])
    if not lacking:
        return f"{absent}they are in the index and have the queried fields, so it is the query", ()
    places = [(field, place) for field in lacking for place in removals(field, context)]
    fields = " and ".join(f"`{field}`" for field in lacking)
    if places:
        blame = f"the pipeline takes it away at {places[0][1]}"
    else:
        places = [("", place) for place in parsers(context)][:1]
        blame = "no pipeline stage takes it away by name" + (f"; lines are parsed at {places[0][1]}" if places else "")
    return f"{absent}they are in the index without {fields}: {blame}", tuple(place for _, place in places)


def parsers(context: Context) -> Iterator[Position]:
    """Where Logstash pipelines take lines apart: what is lost without being named is lost there."""
    for pipeline in context.documents.of(Logstash):
        for stage in _PARSER.finditer(pipeline.text):
            yield pipeline.tree.place(stage.start(1), stage.end(1))


def removals(field: str, context: Context) -> Iterator[Position]:
    """Where a Logstash pipeline removes or renames a field, by its text."""
    spelled = "".join(f"[{part}]" for part in field.split("."))
    names = [f'"{field}"', f"'{field}'", f'"{spelled}"', f"'{spelled}'"]
    for pipeline in context.documents.of(Logstash):
        for statement in _REMOVAL.finditer(pipeline.text):
            group = "listed" if statement["listed"] is not None else "renamed"
            for name in names:
                place = statement[group].find(name)
                if place >= 0:
                    start = statement.start(group) + place
                    yield pipeline.tree.place(start, start + len(name))
                    break
