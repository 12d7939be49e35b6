"""Whether a pattern is meant to be one."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.languages.kql import fields_of, references
from harness.languages.kql.nodes import Literal
from harness.model import Outcome, Severity


class WildcardInQuotes(Check):
    """An asterisk between quotes is an asterisk, not a pattern.

    Why: `path: "/api/rag*"` asks for the path that ends in an asterisk, finds nothing, and gives no error.
    Bad: `path: "/api/rag*"`.
    Good: `path: /api/rag*`; a value with spaces or colons is escaped instead of quoted: `title: my\\ page\\:*`.
    Fix: take the quotes away. Only keywords are looked at: on text the asterisk is dropped and the words still
    match.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Look at each quoted value of a keyword."""
        templates = context.documents.of(IndexTemplate)
        for search in subject.searches:
            if search.language != "kuery":
                continue
            keywords = {field.name for field in fields_of(mapping_of(search, templates)) if field.is_keyword}
            for reference in references(search.kql, strict=False):
                value = reference.value
                quoted = isinstance(value, Literal) and value.quoted and "*" in value.text
                if quoted and reference.operator is None and reference.name in keywords:
                    message = f'`{search.title}`: "{value.text}" is between quotes, so its `*` stands for itself'
                    yield self.finding(search.in_query(value.at, len(value.text) + 2), message)
