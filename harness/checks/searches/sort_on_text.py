"""Whether a search can be sorted as it says."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.languages.kql import fields_of
from harness.model import Outcome, Severity


class SortOnText(Check):
    """A search sorted by a text field fails when it is opened.

    Why: Elasticsearch refuses to sort by analysed text ("Fielddata is disabled"), and Discover shows that instead
    of hits.
    Bad: `"sort": [["message", "asc"]]` where `message` is mapped as text.
    Good: sort by a keyword, a number or a date; `message.keyword` where the mapping has such a multi-field.
    Fix: change the sort order of the saved search, or add a keyword multi-field to the mapping.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Look at the type of each field sorted by."""
        templates = context.documents.of(IndexTemplate)
        for search in subject.searches:
            types = {field.name: field.es_type for field in fields_of(mapping_of(search, templates))}
            for index, (name, _) in enumerate(search.sort):
                if types.get(name) in ("text", "match_only_text"):
                    message = (
                        f"`{search.title}` is sorted by `{name}`, a {types[name]} field; Elasticsearch refuses that"
                    )
                    yield self.finding(search.at("sort", index), message)
