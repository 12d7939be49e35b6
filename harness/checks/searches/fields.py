"""Whether the fields that a search names are there in the indices, and of a kind that it can use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.contracts import Check, Context
from harness.documents.searches import SavedSearch, Searches
from harness.errors import HarnessError
from harness.languages import kql
from harness.languages.kql.nodes import Literal
from harness.model import Evidence, Finding, Gap, History, Observation, Outcome, Proof

_META = frozenset({"_id", "_index", "_score", "_source"})


class Fields(Check):
    """Columns, quick filters and sort fields exist in the running indices, and exact values are asked of exact fields.

    Why: a column that is in no mapping stays empty, and its quick filters find nothing; text is taken apart into words,
    so that asking it for a value also finds what merely holds the words, or nothing where the value is no word.
    How measured: the field capabilities of the indices behind each search's data view, from the running Elasticsearch.
    Fix: correct the name in the search, or map the field as keyword.
    """

    subject, suite = History, "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare what each search names with what the indices have."""
        searches = [search for document in context.documents.of(Searches) for search in document.searches]
        right = named = 0
        for search in searches:
            recorded = subject.last("search-fields", search.title)
            if recorded is None:
                yield Gap(f"nobody asked the indices for the fields of `{search.title}`")
                continue
            found = [*self._wrong(search, recorded)]
            yield from found
            right += not found
            named += len({*recorded.data.get("columns", ()), *recorded.data.get("queried", ())})
        if right:
            statement = f"{named} columns and queried fields of {right} of {len(searches)} searches are in the indices"
            yield Proof(statement, right, ("elasticsearch",), evidence=(Evidence("search-fields", "every search"),))

    def _wrong(self, search: SavedSearch, recorded: Observation) -> Iterator[Finding]:
        if "error" in recorded.data:
            yield self.finding(search.at(), f"`{search.title}`: {recorded.data['error']}")
            return
        known: Mapping[str, Any] = recorded.data["known"]
        for place, column in enumerate(search.columns):
            if column not in known and column not in _META:
                message = f"`{search.title}`: the column `{column}` is in no index of `{search.index}` and stays empty"
                yield self.finding(search.at("columns", place), message)
            elif column in known and not known[column]["searchable"]:
                message = f"`{search.title}`: the column `{column}` cannot be searched: quick filters find nothing"
                yield self.finding(search.at("columns", place), message)
        for place, (field, _) in enumerate(search.sort):
            if field in known and not known[field]["aggregatable"]:
                yield self.finding(search.at("sort", place), f"`{search.title}`: `{field}` cannot be sorted by")
        yield from self._inexact(search, known)

    def _inexact(self, search: SavedSearch, known: Mapping[str, Any]) -> Iterator[Finding]:
        """Values asked of text. A phrase in quotes on a message is meant as words; a single word or pattern is not."""
        try:
            leaves = kql.leaves(search.kql) if search.language == "kuery" else []
        except HarnessError:
            return  # searches/kql-syntax says so
        for leaf in leaves:
            name, value = leaf.field.text, leaf.value
            if "text" not in known.get(name, {}).get("types", ()) or value.text == "*":
                continue
            if isinstance(value, Literal) and value.quoted and " " in value.text:
                continue
            message = f"`{search.title}`: `{name}` is text, so it is not compared with {value.text!r} as a whole"
            yield self.finding(search.in_query(value.at, max(1, len(value.text))), message)
