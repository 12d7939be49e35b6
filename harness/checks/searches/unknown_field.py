"""Whether the fields a saved search names are in the mapping of its indices."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import SavedSearch, Searches, mapping_of, templates_of
from harness.languages.kql import fields_of, references
from harness.model import Outcome, Position, Severity

_META = frozenset({"_id", "_index", "_source", "_score", "_ignored", "_tier", "_doc", "_routing", "_version"})
_CLOSE = 0.75


class UnknownField(Check):
    """A field that no index has makes a search find nothing, and no error says so.

    Why: Elasticsearch answers a query on an unmapped field with no hits, and Discover shows an empty column. A
    search that finds nothing looks like a quiet system.
    Bad: the KQL says `statuscode >= 500` and the mapping has `statusCode`.
    Good: every field of the query, the columns, the sort order and the filters is in the index template's
    mapping.
    Fix: correct the name, or add the field to the mapping (and to what writes the documents). Where the mapping
    is dynamic, only a name that is nearly a mapped one is reported, as a warning.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Compare what each search names with the mappings of the templates its data view can mean."""
        templates = context.documents.of(IndexTemplate)
        for search in subject.searches:
            meant = templates_of(search.index, templates)
            if not meant:
                continue
            known = [field.name for field in fields_of(mapping_of(search, templates))]
            open_ended = any(_is_dynamic(template) for template in meant)
            for name, position, role in _named(search):
                if not name or name in known or name in _META:
                    continue
                near = _nearest(name, known)
                if open_ended and not near:
                    continue
                advice = f"; did you mean `{near}`?" if near else ""
                message = f"`{search.title}`: {role} `{name}` is in no mapping of `{search.index}`{advice}"
                yield self.finding(position, message, severity=Severity.WARNING if open_ended else None)


def _named(search: SavedSearch) -> Iterator[tuple[str, Position, str]]:
    """Every field a search names, with its place and its part in the search."""
    # A pattern is no name, and what cannot be read is kql-syntax's to tell.
    for reference in references(search.kql, strict=False) if search.language == "kuery" else ():
        if reference.pattern is None:
            yield reference.name, search.in_query(reference.at, len(reference.name)), "the queried field"
    for index, column in enumerate(search.columns):
        yield column, search.at("columns", index), "the column"
    for index, (field, _) in enumerate(search.sort):
        yield field, search.at("sort", index), "the sort field"
    for pill in search.filters:
        yield pill.field, search.at("kibanaSavedObjectMeta"), "the filtered field"
    yield search.breakdown, search.at("breakdownField"), "the breakdown field"
    if search.data_view:
        yield search.time_field, search.data_view.at("timeFieldName"), "the data view's time field"


def _nearest(name: str, known: list[str]) -> str:
    """The mapped field that was probably meant."""
    same = [candidate for candidate in known if candidate.lower() == name.lower()]
    return next(iter(same or difflib.get_close_matches(name, known, 1, _CLOSE)), "")


def _is_dynamic(template: IndexTemplate) -> bool:
    """Whether a field that the mapping does not name can become searchable all the same."""
    body = template.tree.value.get("template", template.tree.value)
    mappings = body.get("mappings") if isinstance(body, dict) else None
    dynamic = mappings.get("dynamic", True) if isinstance(mappings, dict) else True
    return str(dynamic).lower() not in ("false", "strict")
