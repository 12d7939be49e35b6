"""Whether every query of the saved objects is KQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.languages.kql import KqlError, parse
from harness.model import Outcome, Severity


class KqlSyntax(Check):
    """A saved search whose KQL cannot be read opens with an error instead of hits.

    Why: Kibana imports a saved search without reading its query; the mistake shows when somebody opens it, in the
    middle of an incident.
    Bad: `level: (error or` (the parenthesis is not closed), `path: /api/a:b` (the second colon is not escaped).
    Good: `level: (error or critical)`, `path: /api/a\\:b`.
    Fix: open the query in Discover, or `harness kql QUERY --mapping FILE`, and correct it at the place shown.
    Quote a value that holds any of `\\ ( ) : < > " * { }`, or escape each with a backslash.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Parse each query of a search, and those inside its tables."""
        for search in subject.searches:
            if search.language not in ("kuery", "lucene"):
                message = f"Discover asks in kuery or lucene, not in {search.language!r}"
                yield self.finding(search.at("kibanaSavedObjectMeta"), message)
            elif search.language == "kuery" and (error := _error(search.kql)):
                yield self.finding(search.in_query(error.offset, 1), f"`{search.title}`: {error.message}")
        for table in subject.tables:
            for query in _queries(table.aggregations):
                if error := _error(query):
                    message = f"`{table.title}`: {query!r}: {error.message}"
                    yield self.finding(table.view.at("attributes", "visState"), message)


def _error(query: str) -> KqlError | None:
    try:
        parse(query)
    except KqlError as error:
        return error
    return None


def _queries(value: Any) -> Iterator[str]:
    """Every KQL query anywhere in a visualization's aggregations."""
    if isinstance(value, dict):
        if value.get("language") == "kuery" and isinstance(value.get("query"), str):
            yield value["query"]
        for part in value.values():
            yield from _queries(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _queries(part)
