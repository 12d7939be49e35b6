"""See Export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.kibana.presence import absent, proof
from harness.contracts import Check, Context
from harness.documents.searches import SavedSearch, Searches
from harness.model import Gap, History, Outcome, Severity


class Export(Check):
    """Kibana exports a saved search as CSV with every hit, each once.

    Why: what a compliance reviewer is handed is that file, and Kibana ends one that grows too long with a note that the
    file itself does not hold. How measured: the search that `export` in `fixtures/searches.yml` names is exported
    through Kibana's reporting, over 30 days, and the ids of its rows are compared with the lines of this run that it
    must find. Fix: raise `xpack.reporting.csv.maxSizeBytes` or `maxRows` if the file was cut off; else see
    `kibana/searches`.
    """

    severity, subject, suite = Severity.BUG, History, "kibana"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Judge the one report."""
        if (gap := absent(subject, context)) is not None:
            yield gap
            return
        title = context.fixtures.get("searches", {}).get("export", "")
        searches = [search for document in context.documents.of(Searches) for search in document.searches]
        search = next((search for search in searches if search.title == title), None)
        if search is None:
            yield Gap(f"no saved search is named {title!r}, whose export was to be tried")
            return
        report = subject.last("kibana-export", search.title)
        if report is None:
            yield Gap(f"`{search.title}` was not exported")
            return
        outcomes = [*self._wrong(search, report.data)]
        yield from outcomes
        if not outcomes:
            rows, seconds = report.data["rows"], report.data["seconds"]
            statement = f"Kibana's CSV of `{search.title}` holds every hit once: {rows:,} rows in {seconds:.1f} s"
            yield proof(statement, rows, ("kibana-export",), (seconds,))

    def _wrong(self, search: SavedSearch, data: Mapping[str, Any]) -> Iterator[Outcome]:
        report = f"Kibana's CSV of `{search.title}`"
        if "error" in data:
            yield self.finding(search.at(), f"{report} was not made: {data['error']}")
            return
        if data["cut_off"]:
            yield self.finding(search.at(), f"{report} is cut off after {data['rows']:,} rows")
        if data["repeated"]:
            yield self.finding(search.at(), f"{report}: {data['repeated']:,} rows are there more than once")
        if "missing_count" not in data:
            yield Gap(f"{report}: nothing says what it should hold", hint="Run it with the suite `logs`.")
            return
        if count := data["missing_count"]:
            yield self.finding(search.at(), f"{report} lacks {count:,} of its hits, {', '.join(data['missing'][:3])}")
        if count := data["unexpected_count"]:
            named = ", ".join(data["unexpected"][:3])
            yield self.finding(search.at(), f"{report} has {count:,} rows that are none, {named}")
        if not data["rows"] and not data["missing_count"]:
            yield Gap(f"{report} is empty and should be, which proves nothing")
