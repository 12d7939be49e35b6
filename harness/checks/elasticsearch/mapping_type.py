"""See MappingType."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

# Elasticsearch 9.2's field types, from its reference.
_TYPES = frozenset(
    re.findall(
        r"[\w-]+",
        """
        binary boolean keyword constant_keyword wildcard long integer short byte double float half_float
        scaled_float unsigned_long date date_nanos alias object flattened nested join passthrough integer_range
        float_range long_range double_range date_range ip_range ip version murmur3 aggregate_metric_double
        histogram text match_only_text annotated-text completion search_as_you_type semantic_text token_count
        dense_vector sparse_vector rank_feature rank_features rank_vectors geo_point geo_shape point shape
        percolator counted_keyword pattern_text
    """,
    )
)
_ONLY = {
    "ignore_above": {"keyword", "wildcard", "flattened", "constant_keyword"},
    "analyzer": {"text", "search_as_you_type", "completion", "token_count", "match_only_text"},
    "format": {"date", "date_nanos", "date_range"},
    "scaling_factor": {"scaled_float"},
    "normalizer": {"keyword"},
}


class MappingType(Check):
    """A field is mapped to a type that Elasticsearch does not have, or with a setting the type does not know.

    Why: the template is refused, and the next index gets guessed types. Bad: `"type": "keywrd"`, `ignore_above` on a
    text field. Good: a documented type. Fix: correct it.
    """

    severity, subject = Severity.FATAL, IndexTemplate

    def examine(self, template: IndexTemplate, context: Context) -> Iterable[Finding]:
        """Look up the type and settings of every field."""
        for name, view in template.fields.items():
            kind = view.text("type", "object")
            if kind not in _TYPES:
                yield self.finding(view.at("type"), f"{name}: no type is called {kind}{nearest(kind, _TYPES)}")
                continue
            for setting, kinds in _ONLY.items():
                if view[setting] and kind not in kinds:
                    yield self.finding(view.key_at(setting), f"{name}: a field of type {kind} has no {setting}")
