"""See AliasFilter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.positions import View
from harness.documents.unknown import nearest
from harness.model import Finding


class AliasFilter(Check):
    """The filter of an alias asks for a field that is not mapped, in a way its type does not allow, or for a value
    that nobody writes.

    Why: the alias is empty, and every search and data view on it. Bad: `{"term": {"knd": "access"}}`.
    Good: a mapped field, and a value of the catalog's. Fix: correct the filter.
    """

    subject = IndexTemplate

    def examine(self, template: IndexTemplate, context: Context) -> Iterable[Finding]:
        """Look up every field of every filter."""
        catalog = Catalog.of(context.fixtures)
        kinds = catalog.kinds if catalog else ()
        for alias, view in template.aliases.items():
            for asked, field, place in _asked(view["filter"]):
                if not template.fields or field.startswith("_"):
                    continue
                kind = template.type_of(field)
                if not kind:
                    near = nearest(field, template.fields)
                    yield self.finding(place.key_at(), f"{alias}: no field is called {field}{near}")
                elif asked == "range" and kind in ("keyword", "text", "boolean"):
                    yield self.finding(place.key_at(), f"{alias}: a range of {field}, which is {kind}")
                elif asked in ("prefix", "wildcard", "regexp") and kind not in ("keyword", "text", "wildcard"):
                    yield self.finding(place.key_at(), f"{alias}: {asked} of {field}, which is {kind}")
                elif field == "kind" and kinds and asked == "term" and place.value not in kinds:
                    message = f"{alias}: no line is of the kind {place.value}{nearest(str(place.value), kinds)}"
                    yield self.finding(place.at(), message)


def _asked(view: View) -> Iterator[tuple[str, str, View]]:
    """Every query of a filter with the field it asks for and the place of that."""
    for name, item in view.entries().items() if isinstance(view.value, dict) else ():
        if name == "bool" and isinstance(item.value, dict):
            for clause in item.entries().values():
                several = clause.mappings() if isinstance(clause.value, list) else (clause,)
                for one in several:
                    yield from _asked(one)
        elif name == "exists" and isinstance(item.value, dict):
            yield name, item.text("field"), item["field"]
        elif isinstance(item.value, dict):
            for field, value in item.entries().items():
                yield name, field, value
