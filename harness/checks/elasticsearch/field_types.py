"""See FieldTypes."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.elasticsearch import IndexTemplate
from harness.model import Finding

_ALIKE = [{"keyword", "constant_keyword", "wildcard"}, {"text", "match_only_text"}]


class FieldTypes(Check):
    """The index template maps a field of the catalog to another type, or not at all.

    Why: a range query on a keyword compares letters, a sum over text fails, and an unmapped field is not found.
    Bad: `statusCode: keyword` where the catalog says `short`. Good: the catalog's type. Fix: change the mapping.
    """

    subject = IndexTemplate

    def examine(self, template: IndexTemplate, context: Context) -> Iterable[Finding]:
        """Compare the mapping with the catalog."""
        catalog = Catalog.of(context.fixtures)
        mapped = set(template.fields)
        if catalog is None or not mapped:
            return
        wanted = {name: f for name, f in catalog.fields.items() if f.indexed and not f.phi}
        # A template for other documents (dead letters, metrics) shares a few names only.
        if len(mapped & set(wanted)) < len(wanted) / 2:
            return
        for name, field in wanted.items():
            if name not in mapped:
                place = template.tree.key_at(*_mappings(template))
                yield self.finding(place, f"{name} ({field.type}) is not mapped, so it cannot be searched")
            elif not _same(template.type_of(name), field.type):
                view = template.fields[name]
                yield self.finding(view.at("type"), f"{name} is {field.type}, not {template.type_of(name)}")
        for name, field in catalog.fields.items():
            if field.phi and name in mapped:
                yield self.finding(template.fields[name].key_at(), f"{name} is PHI and must not be indexed")


def _mappings(template: IndexTemplate) -> tuple[str, ...]:
    composable = template.tree.get("template", "mappings", "properties")
    return ("template", "mappings", "properties") if composable is not None else ("mappings", "properties")


def _same(mapped: str, wanted: str) -> bool:
    return mapped == wanted or any({mapped, wanted} <= group for group in _ALIKE)
