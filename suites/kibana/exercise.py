"""What is asked of Kibana where it runs as deployed: that it is available and takes the saved objects, what it makes of
every data view, what each saved search finds, and what it makes of KQL.

The saved objects are imported twice: by what the deployment imports them with, which is what is tested, and through
the API, whose answer says of each object why it was not taken. Everything else is only read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from harness import wait
from harness.contracts import Instance, Recorder
from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.runbook import Runbook
from harness.documents.searches import DataView, SavedSearch, Searches, mapping_of
from harness.errors import DeadlineError, HarnessError, StackError
from harness.languages.kql import references
from harness.model import Position
from harness.probes.kibana import AVAILABLE, Kibana, total_of
from harness.probes.kibana_discover import ids, opened
from harness.probes.kibana_export import exported
from harness.probes.kql_compared import compared
from harness.probes.search import Auth, Discover
from harness.probes.search_requests import TimeRange

NEEDS = ("kibana",)
AFTER = ("logs", "searches")

READER = "log_reader"
TRUTH = "logs-truth"
AVAILABLE_SECONDS = 60.0
"""How long Kibana may take to settle; it was ready when it was booted."""
THIRTY_DAYS = 30 * 86400.0
OPENINGS = 3
NAMED_IDS = 20
GIVE_UP = 3
"""Failures in a row after which no more is asked: a server that hangs would take the deadline every time."""
CASES = Path("kql") / "queries.json"
EVERY = 8
"""Of the cases every eighth is asked, unless there is time for all: a query costs three requests."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    fixtures_folder: Path
    thorough: bool

    def url(self, name: str) -> str:
        """Where a service answers."""
        ...

    def instance(self, name: str) -> Instance:
        """A running instance; StackError when it was not booted."""
        ...

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of one of Elasticsearch's users."""
        ...

    def recall(self, name: str) -> Any:
        """What an earlier suite left for this one; None when it did not."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell a person what is going on."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """A KQL query to be compared: where it stands, and the data view it is put to."""

    kql: str
    at: Position
    source: str
    view: DataView


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Ask Kibana everything; nothing at all where it did not run."""
    try:
        instance = stack.instance("kibana")
    except StackError:
        reason = "it runs in a container of its official image only, and this run has none"
        recorder.record("kibana-absent", "kibana", {"reason": reason})
        return
    user = stack.fixtures["deployment"]["kibana"]["user"]
    auth: Auth = stack.elasticsearch_auth(user)
    with Kibana(instance.url, auth) as kibana:
        if not _available(kibana, recorder):
            return
        stack.progress("importing the saved objects")
        _import(stack, instance, kibana, recorder)
        _views(stack, kibana, recorder)
        span = TimeRange(time.time() - THIRTY_DAYS, time.time() + 1)
        _searches(stack, kibana, span, recorder)
        _export(stack, kibana, span, recorder)
        with Discover(stack.url("elasticsearch"), stack.elasticsearch_auth(READER)) as elasticsearch:
            _compare(stack, kibana, elasticsearch, span, recorder)


def _available(kibana: Kibana, recorder: Recorder) -> bool:
    """Whether Kibana becomes available in time; what it says of itself is recorded."""
    seen: dict[str, str] = {}

    def available() -> bool:
        status = kibana.status()
        seen.update(level=status.level, summary=status.summary, version=status.version)
        return status.level == AVAILABLE

    try:
        wait.until(available, deadline=AVAILABLE_SECONDS, saying="Kibana to be available", every=1.0)
    except DeadlineError:
        pass
    except HarnessError as error:
        seen["error"] = str(error)
    recorder.record("kibana-status", "kibana", seen)
    return seen.get("level") == AVAILABLE and "error" not in seen


def _import(stack: Stack, instance: Instance, kibana: Kibana, recorder: Recorder) -> None:
    given = stack.fixtures["deployment"]["kibana"]
    if words := given.get("importer"):
        recorder.record("kibana-importer", " ".join(words), _imported_by(stack, instance, words, given))
    for document in stack.configuration.of(Searches):
        data: dict[str, Any] = {"sent": len(document.objects)}
        try:
            answer = kibana.import_objects([view.value for view in document.objects])
            refused = [{"type": one.kind, "id": one.id, "reason": one.reason} for one in answer.refused]
            data |= {"success": answer.success, "count": answer.count, "refused": refused}
        except HarnessError as error:
            data["error"] = str(error)
        recorder.record("kibana-import", document.file, data)


def _imported_by(stack: Stack, instance: Any, words: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the deployment's own importer says, run in the container as its README tells people to."""
    environment = {}
    for name, value in given.get("environment", {}).items():
        word, _, user = str(value).strip("{}").partition(":")
        environment[name] = stack.elasticsearch_auth(user)[1] if word == "password" else str(value)
    try:
        status, said = instance.execute(words, environment)
    except HarnessError as error:
        return {"error": str(error)}
    return {"status": status, "said": said[-600:]}


def _views(stack: Stack, kibana: Kibana, recorder: Recorder) -> None:
    """Record of every data view of the configuration what Kibana has under its id, and what is behind it."""
    named = _named_fields(stack.configuration)
    views = [view for document in stack.configuration.of(Searches) for view in document.data_views]
    try:
        known = kibana.data_views()
    except HarnessError as error:
        recorder.record("kibana-views", "kibana", {"error": str(error)})
        return
    recorder.record("kibana-views", "kibana", {"known": dict(known)})
    failed = 0
    for done, view in enumerate(view for view in views if view.id in known):
        stack.progress(f"data view {view.title}", done, len(views))
        try:
            found = kibana.data_view(view.id)
            behind = kibana.search(found.title, {"size": 0, "track_total_hits": True, "query": {"match_all": {}}})
            fields = {name: found.fields[name] for name in sorted(named.get(view.id, ())) if name in found.fields}
            data = {"title": found.title, "time_field": found.time_field, "count": len(found.fields), "fields": fields}
            data |= {"shards": behind["_shards"]["total"], "documents": total_of(behind)}
            failed = 0
        except HarnessError as error:
            data, failed = {"error": str(error)}, failed + 1
        recorder.record("kibana-view", view.id, data)
        if failed == GIVE_UP:
            return


def _named_fields(configuration: Configuration) -> Mapping[str, frozenset[str]]:
    """The fields that searches name, by the id of their data view."""
    named: dict[str, frozenset[str]] = {}
    for search in _saved(configuration):
        queried = {r.name for r in references(search.kql, strict=False) if r.pattern is None}
        fields = {*search.columns, *(f for f, _ in search.sort), *(pill.field for pill in search.filters), *queried}
        named[search.data_view_id] = named.get(search.data_view_id, frozenset()) | fields | {search.time_field}
    return named


def _saved(configuration: Configuration) -> tuple[SavedSearch, ...]:
    return tuple(search for document in configuration.of(Searches) for search in document.searches)


def _searches(stack: Stack, kibana: Kibana, span: TimeRange, recorder: Recorder) -> None:
    """Open every saved search as a person would, and compare its hits with what the lines of this run say."""
    truth, searches, failed = stack.recall(TRUTH), _saved(stack.configuration), 0
    templates = stack.configuration.of(IndexTemplate)
    for done, search in enumerate(searches):
        stack.progress(f"{search.title} through Kibana", done, len(searches))
        mapping = mapping_of(search, templates)
        try:
            openings = [opened(kibana, search, mapping, span) for _ in range(OPENINGS)]
            found = ids(kibana, search, mapping, span)
            data: dict[str, Any] = {"hits": len(found), "index": search.index}
            data |= {"counted": openings[-1].hits, "rows": openings[-1].rows, "seconds": [o.seconds for o in openings]}
            data |= _against(truth, search, found)
            failed = 0
        except HarnessError as error:
            data, failed = {"error": str(error)}, failed + 1
        recorder.record("kibana-search", search.title, data)
        if failed == GIVE_UP:
            return


def _export(stack: Stack, kibana: Kibana, span: TimeRange, recorder: Recorder) -> None:
    """Have Kibana export the search that a compliance reviewer is handed, and compare the rows with the truth."""
    title, truth = stack.fixtures["searches"].get("export"), stack.recall(TRUTH)
    for search in (search for search in _saved(stack.configuration) if search.title == title):
        stack.progress(f"Kibana's report of {title}")
        try:
            report = exported(kibana, search, span, kibana.status().version)
            found = frozenset(report.ids)
            data: dict[str, Any] = {"rows": len(report.ids), "repeated": len(report.ids) - len(found)}
            data |= {"columns": [*report.columns], "cut_off": report.cut_off, "seconds": report.seconds}
            data |= _against(truth, search, found)
        except HarnessError as error:
            data = {"error": str(error)}
        recorder.record("kibana-export", search.title, data)


def _against(truth: Any, search: SavedSearch, found: frozenset[str]) -> dict[str, Any]:
    """What is found against what the lines of this run say; empty when nothing says it."""
    expected = truth.searches.get(search.title) if truth is not None else None
    if expected is None:
        return {}
    missing, unexpected = sorted({*expected} - found), sorted(found - {*expected})
    counts = {"expected": len(expected), "missing_count": len(missing), "unexpected_count": len(unexpected)}
    return {**counts, "missing": missing[:NAMED_IDS], "unexpected": unexpected[:NAMED_IDS]}


def _compare(stack: Stack, kibana: Kibana, elasticsearch: Discover, span: TimeRange, recorder: Recorder) -> None:
    """Put each KQL query to Kibana and to Elasticsearch as we translate it."""
    cases, left_out = _cases(stack)
    templates, searches, failed = stack.configuration.of(IndexTemplate), _saved(stack.configuration), 0
    recorder.record("kibana-kql-asked", "kibana", {"queries": len(cases), "left_out": left_out})
    for done, case in enumerate(cases):
        stack.progress("KQL by Kibana and by us", done, len(cases))
        view = case.view
        mapping = mapping_of(replace(searches[0], data_view=view, data_view_id=view.id), templates)
        at = {"file": case.at.file, "line": case.at.line, "column": case.at.column, "length": case.at.length}
        data: dict[str, Any] = {"at": at, "source": case.source, "view": view.id}
        try:
            asked = (view.id, view.title, view.time_field)
            data |= compared(kibana, elasticsearch, case.kql, asked, mapping, span)
            failed = 0
        except HarnessError as error:
            data["error"] = str(error)
            failed += 1
        recorder.record("kibana-kql", case.kql, data)
        if failed == GIVE_UP:
            return


def _cases(stack: Stack) -> tuple[tuple[Case, ...], int]:
    """Every KQL query there is, each once for a data view; and how many of the collected ones are left out."""
    configuration = stack.configuration
    found = [
        Case(search.kql, search.in_query(), "saved searches", search.data_view)
        for search in _saved(configuration)
        if search.language == "kuery" and search.data_view and search.time_field
    ]
    if not found:
        return (), 0
    alias = stack.fixtures["deployment"]["logs"]["alias"]
    views = [view for document in configuration.of(Searches) for view in document.data_views if view.time_field]
    everything = next((view for view in views if view.title == alias), found[0].view)
    for runbook in configuration.of(Runbook):
        for query in runbook.queries:
            if query.language == "kql":
                at = runbook.tree.place(query.offset, query.offset + len(query.text))
                found.append(Case(query.text, at, "runbooks", everything))
    path = stack.fixtures_folder / CASES
    collected = list(_collected(path)) if path.is_file() else []
    kept = collected if stack.thorough else collected[::EVERY]
    found += [Case(kql, Position(f"fixtures/{CASES.as_posix()}"), "cases", everything) for kql in kept]
    return tuple({(case.kql, case.view.id): case for case in reversed(found)}.values())[::-1], len(collected) - len(
        kept
    )


def _collected(path: Path) -> Iterator[str]:
    """The queries that tests hold against a recording of Kibana's code."""
    given = json.loads(path.read_text(encoding="utf-8"))
    yield from given["queries"]
    forms: Iterable[Mapping[str, Any]] = given["forms"]
    for form in forms:
        yield from (value.replace("FIELD", field) for field in form["fields"] for value in form["values"])
