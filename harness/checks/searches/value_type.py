"""See ValueType."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, templates_of
from harness.errors import HarnessError
from harness.languages import kql
from harness.model import Finding

_NUMBERS = {"long", "integer", "short", "byte", "float", "double", "half_float", "scaled_float", "unsigned_long"}


class ValueType(Check):
    """A search compares a field with a value that its type cannot have: Elasticsearch answers with an error.

    Why: the whole search fails, in Discover and in every panel on it. Bad: `statusCode: error`,
    `emergencyDetected: yes`. Good: numbers for numbers, true or false for booleans. Fix: correct the value.
    """

    subject = Searches

    def examine(self, searches: Searches, context: Context) -> Iterable[Finding]:
        """Compare each value of each query with the mapping."""
        templates = context.documents.of(IndexTemplate)
        for search in searches.searches:
            if search.language != "kuery":
                continue
            types: dict[str, str] = {}
            for template in templates_of(search.index, templates):
                types.update({name: template.type_of(name) for name in template.fields})
            try:
                leaves = kql.leaves(search.kql)
            except HarnessError:
                continue  # searches/kql-syntax says so
            for leaf in leaves:
                value, kind = leaf.value.text, types.get(leaf.field.text, "")
                wildcard = not hasattr(leaf.value, "value")
                if not kind or wildcard or leaf.value.text == "null":
                    continue
                wrong = (kind in _NUMBERS and not _number(value)) or (
                    kind == "boolean" and value not in ("true", "false")
                )
                if wrong:
                    place = search.in_query(leaf.value.at, max(1, len(value)))
                    yield self.finding(place, f"`{search.title}`: {leaf.field.text} is {kind}, and cannot be {value!r}")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
