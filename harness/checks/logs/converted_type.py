"""See ConvertedType."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.log_flow import (
    plain,
    plugins,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding

_STRINGS = {"keyword", "text", "wildcard", "constant_keyword", "match_only_text", "ip"}
_FITTING = {"integer": {"long", "integer", "short", "byte", "float", "double", "half_float", "scaled_float",
                        "unsigned_long"},
            "integer_eu": {"long", "integer", "short", "byte", "float", "double"}, "boolean": {"boolean"},
            "float": {"float", "double", "half_float", "scaled_float"}, "float_eu": {"float", "double"},
            "string": _STRINGS | {"date"}}  # fmt: skip


class ConvertedType(Check):
    """The pipeline converts a field to a type that the mapping does not have.

    Why: Elasticsearch refuses the document, or rounds: with `ignore_malformed` the field is silently not indexed.
    Bad: `convert => { "duration" => "integer" }` for a float. Good: the mapping's type. Fix: convert to that.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compare each conversion with the index templates."""
        fields: dict[str, str] = {}
        for template in context.documents.of(IndexTemplate):
            fields.update({name: template.type_of(name) for name in template.fields})
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for plugin in plugins(body):
            for attribute in plugin.attributes:
                if attribute.name != "convert" or not isinstance(attribute.value, ast.Hash):
                    continue
                for key, value in attribute.value.entries:
                    if isinstance(key, ast.Text) and isinstance(value, ast.Text):
                        name, kind = plain(key.value), fields.get(plain(key.value))
                        fitting = _FITTING.get(value.value)
                        if kind and fitting and kind not in fitting:
                            yield self.finding(value.position, f"{name} is mapped as {kind}, not {value.value}")
