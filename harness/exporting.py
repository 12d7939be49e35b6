"""`harness export`: a saved search of the configuration, as CSV."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import SavedSearch, Searches, mapping_of
from harness.errors import StackError, UsageError
from harness.probes.search_export import Exported, export
from harness.probes.search_requests import TimeRange
from harness.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, from where, and into which file (None: standard output). The end is not included."""

    search: str
    url: str
    user: str
    begin: str
    end: str
    out: Path | None


def run(wanted: Wanted, config: Path | None, password: str, standard: TextIO, complain: TextIO) -> Exported:
    """Write the file, and say how many rows it has. Raises UsageError or StackError; no half file is left behind."""
    configuration = Configuration.load(Settings.here(config).config)
    search = _search(configuration, wanted.search)
    span = TimeRange(_moment(wanted.begin), _moment(wanted.end) - 0.001)
    if span.seconds <= 0:
        raise UsageError(f"{wanted.begin} is not before {wanted.end}")
    if not password:
        raise UsageError("no password", hint=f"Set ELASTICSEARCH_PASSWORD to that of {wanted.user}.")
    mapping, auth = mapping_of(search, configuration.of(IndexTemplate)), (wanted.user, password)
    if wanted.out is None:
        exported = export(wanted.url, auth, search, mapping, span, standard)
    else:
        exported = _into(wanted.out, lambda file: export(wanted.url, auth, search, mapping, span, file))
    if exported.rows != exported.counted:
        message = f"{exported.rows:,} rows were written, but Elasticsearch counts {exported.counted:,} hits"
        raise StackError(message, hint="Export it again; do not use this file.")
    complain.write(f"{exported.rows:,} rows in {exported.pages} pages, as many as Elasticsearch counts\n")
    return exported


def _into(path: Path, write: Callable[[TextIO], Exported]) -> Exported:
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file:
            exported = write(file)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
    return exported


def _search(configuration: Configuration, title: str) -> SavedSearch:
    known = {search.title: search for document in configuration.of(Searches) for search in document.searches}
    if title not in known:
        near = difflib.get_close_matches(title, known, 3, 0.4)
        raise UsageError(f"no saved search {title!r}", hint=f"Did you mean {' or '.join(near or known)}?")
    return known[title]


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"not a time: {text!r}", hint="Write e.g. 2025-06-01T00:00:00Z.") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
