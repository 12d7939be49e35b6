"""Whether numbers are compared as numbers."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.languages.kql import fields_of, references
from harness.model import Outcome, Severity

_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TEXTUAL = frozenset({"keyword", "constant_keyword", "wildcard", "text", "match_only_text", "flattened"})


class RangeOnKeyword(Check):
    """A number compared with a text field compares letter by letter, so 10 comes before 9.

    Why: `duration > 2000` on a keyword finds 3 and 21 and misses 10000, without any error.
    Bad: the KQL says `duration > 2000` and the mapping says `"duration": {"type": "keyword"}`.
    Good: `"duration": {"type": "float"}`. A range of dates or of words on a keyword is left alone, for it sorts
    rightly.
    Fix: map the field as a number, in the index template, and reindex what is there.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Look at each range in KQL whose bound is a number."""
        templates = context.documents.of(IndexTemplate)
        for search in subject.searches:
            if search.language != "kuery":
                continue
            types = {field.name: field.es_type for field in fields_of(mapping_of(search, templates))}
            for reference in references(search.kql, strict=False):
                kind = types.get(reference.name, "")
                if reference.operator is None or kind not in _TEXTUAL or not _is_number(reference.value.text):
                    continue
                asked = f"{reference.name} {_SIGNS[reference.operator]} {reference.value.text}"
                message = f"`{search.title}`: `{asked}` compares as text, for `{reference.name}` is mapped as {kind}"
                yield self.finding(search.in_query(reference.at, len(reference.name)), message)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
