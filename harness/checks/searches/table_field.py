"""See TableField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, templates_of
from harness.documents.unknown import nearest
from harness.model import Finding

_NUMERIC = {"long", "integer", "short", "byte", "float", "double", "half_float", "scaled_float", "unsigned_long"}
_CALCULATES = {"avg", "sum", "max", "min", "percentiles", "median", "std_dev"}


class TableField(Check):
    """A table aggregates a field that is not mapped, or in a way its type does not allow.

    Why: the visualization shows an error. Bad: the average of a keyword, terms of a text. Good: numbers are calculated
    with, keywords are counted by. Fix: use a fitting field.
    """

    subject = Searches

    def examine(self, searches: Searches, context: Context) -> Iterable[Finding]:
        """Look up the field of every aggregation in the mapping of the search below."""
        templates = context.documents.of(IndexTemplate)
        by_id = {search.id: search for search in searches.searches}
        for table in searches.tables:
            search = by_id.get(table.search_id)
            types: dict[str, str] = {}
            for template in templates_of(search.index, templates) if search else ():
                types.update({name: template.type_of(name) for name in template.fields})
            for aggregation in table.aggregations if types else ():
                params, kind = aggregation.get("params"), str(aggregation.get("type"))
                field = str(params.get("field") or "") if isinstance(params, dict) else ""
                at = table.view.at("attributes", "visState")
                if field and field not in types:
                    yield self.finding(at, f"`{table.title}`: no field is called {field}{nearest(field, types)}")
                elif field and _refused(kind, types[field]):
                    yield self.finding(at, f"`{table.title}`: {kind} of {field}, which is {types[field]}")


def _refused(aggregation: str, mapped: str) -> bool:
    if aggregation in _CALCULATES:
        return mapped not in _NUMERIC | {"date"}
    return aggregation in ("terms", "cardinality") and mapped in ("text", "match_only_text")
