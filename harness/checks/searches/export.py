"""Whether what a compliance reviewer is handed is whole."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.searches import SavedSearch, Searches
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Export(Check):
    """The export of a search holds every hit once, and its columns.

    Why: an auditor decides by the file; a row that a page boundary swallowed is an access that never was. How measured:
    the search that fixtures/searches.yml names is exported over 7 days of the 30-day world as `harness export` does,
    and the file is read back: its ids against those that the world says, and which columns are empty throughout. How
    to fix: the finding tells what the file lacks.
    """

    subject, suite = History, "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare the file with the truth."""
        title = context.fixtures.get("searches", {}).get("export", "")
        recorded = subject.last("search-export", title)
        if recorded is None:
            yield Gap(f"`{title}` was not exported" if title else "fixtures/searches.yml names no search to export")
            return
        data, place = recorded.data, _place(title, context)
        if "error" in data:
            yield self.finding(place, f"`{title}` cannot be exported: {data['error']}")
            return
        if not data["expected"] and not data["rows"]:
            yield Gap(f"`{title}` had nothing to export, which proves nothing")
            return
        doubled = data["rows"] - data["distinct"]
        if data["missing_count"] or data["unexpected_count"] or doubled:
            wrong = f"{data['missing_count']:,} missing, {data['unexpected_count']:,} too many, {doubled:,} twice"
            message = f"the export of `{title}` has {data['rows']:,} rows of {data['expected']:,}: {wrong}"
            yield self.finding(place, message)
        for name, filled in data["filled"].items():
            if not filled:
                yield self.finding(place, f"the export of `{title}` has nothing in the column `{name}`")
        statement = f"the export of `{title}` over {data['range']} has {data['rows']:,} of {data['expected']:,} rows"
        evidence = (Evidence("search-export", title),)
        yield Proof(f"{statement}, each once", data["rows"], ("world", "elasticsearch", "kibana"), evidence=evidence)


def _place(title: str, context: Context) -> Position:
    found: list[SavedSearch] = [s for document in context.documents.of(Searches) for s in document.searches]
    return next((search.in_query() for search in found if search.title == title), Position("config/kibana"))
