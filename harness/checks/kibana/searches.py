"""See SearchesInKibana."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from statistics import median
from typing import Any

from harness.checks.kibana.presence import absent, proof
from harness.contracts import Check, Context
from harness.documents.searches import SavedSearch, Searches
from harness.model import Gap, History, Outcome, Severity


class SearchesInKibana(Check):
    """Every saved search finds through Kibana all the documents it should, and no other.

    Why: between Elasticsearch and a person is Kibana, with its user, its timeouts and its data views. How measured:
    each search is opened as Discover opens it, and its hits are listed through Kibana, over 30 days; the ids are
    compared with the lines of this run that it must find. Fix: if `searches/hits` finds the same, see there; if only
    this does, it is Kibana's settings or its user.
    """

    severity, subject, suite = Severity.BUG, History, "kibana"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare, for each search of the configuration, what was recorded of it."""
        if (gap := absent(subject, context)) is not None:
            yield gap
            return
        searches = [search for document in context.documents.of(Searches) for search in document.searches]
        if not searches:
            yield Gap("the configuration holds no saved search")
            return
        exact: list[Mapping[str, Any]] = []
        for search in searches:
            found = subject.last("kibana-search", search.title)
            outcomes = [*self._compared(search, found.data)] if found else [Gap(f"`{search.title}` was never opened")]
            yield from outcomes
            if found and not outcomes:
                exact.append(found.data)
        if exact:
            hits, seconds = sum(data["hits"] for data in exact), tuple(s for data in exact for s in data["seconds"])
            statement = f"{len(exact)} of {len(searches)} saved searches find through Kibana exactly what they should"
            timed = f"{hits:,} hits, opened in {median(seconds):.2f} s (median of {len(seconds)})"
            yield proof(f"{statement}: {timed}", len(exact), ("kibana-search",), seconds)

    def _compared(self, search: SavedSearch, data: Mapping[str, Any]) -> Iterator[Outcome]:
        title = f"`{search.title}`"
        if "error" in data:
            yield self.finding(search.in_query(), f"{title} could not be opened in Kibana: {data['error']}")
            return
        if data["counted"] != data["hits"]:
            message = f"{title} has {data['hits']:,} hits, but Discover counts {data['counted']:,}"
            yield self.finding(search.in_query(), message)
        if "expected" not in data:
            yield Gap(f"{title}: nothing says what it should find", hint="Run it with the suite `logs`.")
        elif not data["expected"] and not data["hits"]:
            yield Gap(f"{title} should find nothing and did, which proves nothing")
        else:
            if count := data["missing_count"]:
                of = f"{data['expected'] - count:,} of the {data['expected']:,} it should"
                message = f"{title} finds through Kibana {of}: {_some(data['missing'], count)} missing"
                yield self.finding(search.in_query(), message)
            if count := data["unexpected_count"]:
                message = f"{title} finds through Kibana {count:,} it should not, {_some(data['unexpected'], count)}"
                yield self.finding(search.in_query(), message)


def _some(ids: list[str], count: int) -> str:
    """The ids by name, as many as fit a line."""
    shown = ", ".join(ids[:3])
    return shown if count <= 3 else f"{shown} and {count - 3:,} more"
