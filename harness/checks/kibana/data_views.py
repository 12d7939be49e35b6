"""See DataViews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.kibana.presence import absent, entry, proof
from harness.contracts import Check, Context
from harness.documents.searches import DataView, SavedSearch, Searches
from harness.languages.kql import references
from harness.model import Gap, History, Outcome, Severity

_META = frozenset({"_id", "_index", "_score", "_source", "_ignored", ""})


class DataViews(Check):
    """Every data view leads to indices, and has the fields that its searches name.

    Why: Discover shows an empty page for a data view that matches no index, and no column for a field that is in none.
    How measured: Kibana is asked for its data views and their fields, which it finds in the indices, and for the number
    of documents behind each. Fix: correct the title, the time field or the name in the search.
    """

    severity, subject, suite = Severity.BUG, History, "kibana"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Judge each data view of the configuration."""
        if (gap := absent(subject, context)) is not None:
            yield gap
            return
        documents = context.documents.of(Searches)
        views = [view for document in documents for view in document.data_views]
        listed = subject.last("kibana-views")
        if listed is None or not views:
            yield Gap("Kibana was not asked for its data views" if views else "the configuration holds no data view")
            return
        if "error" in listed.data:
            yield self.finding(entry(context), f"Kibana does not list its data views: {listed.data['error']}")
            return
        searches = [search for document in documents for search in document.searches]
        right, named = 0, 0
        for view in views:
            if view.id not in listed.data["known"]:
                yield self.finding(view.at(), f"Kibana has no data view `{view.id}` after the import")
                continue
            answer = subject.last("kibana-view", view.id)
            if answer is None:
                yield Gap(f"the data view `{view.id}` was not looked at")
                continue
            outcomes = [*self._wrong(view, answer.data, [s for s in searches if s.data_view_id == view.id])]
            yield from outcomes
            right, named = right + (not outcomes), named + len(answer.data.get("fields", ()))
        if right:
            statement = f"{right} of {len(views)} data views lead to indices and have the {named} fields named on them"
            yield proof(statement, right, ("kibana-views", "kibana-view"))

    def _wrong(self, view: DataView, found: Mapping[str, Any], searches: list[SavedSearch]) -> Iterator[Outcome]:
        if "error" in found:
            yield self.finding(view.at(), f"the data view `{view.title}` cannot be opened: {found['error']}")
            return
        if found["title"] != view.title:
            yield self.finding(view.at(), f"Kibana's data view `{view.id}` is for `{found['title']}`, not this")
        if not found["shards"] or not found["count"]:
            yield self.finding(view.at(), f"the data view `{view.title}` matches no index")
            return
        if found["time_field"] != view.time_field:
            message = f"Kibana's time field of `{view.title}` is `{found['time_field']}`, not `{view.time_field}`"
            yield self.finding(view.at("timeFieldName"), message)
        fields = found["fields"]
        for search in searches:
            if search.time_field not in {*fields, *_META}:
                yield self.finding(view.at("timeFieldName"), f"`{search.time_field}` is no field of `{view.title}`")
            yield from self._unnamed(search, view, fields)

    def _unnamed(self, search: SavedSearch, view: DataView, fields: Mapping[str, Any]) -> Iterator[Outcome]:
        where = f"is no field of `{view.title}` in Kibana"
        for number, column in enumerate(search.columns):
            if column not in {*fields, *_META}:
                yield self.finding(search.at("columns", number), f"`{search.title}`: the column `{column}` {where}")
        for number, (name, _) in enumerate(search.sort):
            if name in fields and not fields[name]["aggregatable"]:
                yield self.finding(search.at("sort", number), f"`{search.title}`: `{name}` cannot be sorted by")
        queried = {r.name for r in references(search.kql, strict=False) if r.pattern is None}
        queried |= {pill.field for pill in search.filters} | {name for name, _ in search.sort}
        for name in sorted(queried - {*fields, *_META}):
            yield self.finding(search.in_query(), f"`{search.title}`: `{name}` {where}")
