"""See UnknownBreakdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.runbook import Query, Runbook
from harness.documents.unknown import nearest
from harness.model import Finding

UNCOUNTABLE = ("text", "match_only_text", "object", "nested")


class UnknownBreakdown(Check):
    """A KQL query of a runbook is to be broken down by a field that no index has, or that cannot be counted by value.

    Why: the breakdown is what names the culprit. Bad: ```` ```kql by=Route ````, or by a field mapped as text. Good:
    the name of a keyword, a number, an address. Fix: correct the name, or map a keyword beside the text.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look every `by=` up in the index templates."""
        templates = context.documents.of(IndexTemplate)
        types = {name: template.type_of(name) for template in templates for name in template.fields}
        for query in runbook.queries if types else ():
            if query.language == "kql" and "by" in query.options:
                yield from self._field(runbook, query, types)

    def _field(self, runbook: Runbook, query: Query, types: dict[str, str]) -> Iterator[Finding]:
        name = query.options["by"]
        start = query.options_offset + runbook.text[query.options_offset :].index(name)
        place = runbook.tree.place(start, start + len(name))
        if name not in types:
            yield self.finding(place, f"no index has the field {name}{nearest(name, types)}")
        elif types[name] in UNCOUNTABLE:
            yield self.finding(place, f"{name} is mapped as {types[name]}, which Elasticsearch does not count by value")
