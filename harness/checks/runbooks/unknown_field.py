"""See UnknownField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.runbook import Runbook
from harness.documents.unknown import nearest
from harness.languages import kql
from harness.model import Finding


class UnknownField(Check):
    """A KQL query of a runbook names a field that no index has.

    Why: it finds nothing, which is read as "it is not that". Bad: `statuscode >= 500`. Good: the mapping's name.
    Fix: correct the name.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look every field up in the index templates."""
        fields = {name for template in context.documents.of(IndexTemplate) for name in template.fields}
        for query in runbook.queries if fields else ():
            if query.language != "kql":
                continue
            for used in kql.references(query.text, strict=False):
                if used.pattern is None and used.name and used.name not in fields and not used.name.startswith("_"):
                    start = query.offset + used.at
                    place = runbook.tree.place(start, start + len(used.name))
                    yield self.finding(place, f"no index has the field {used.name}{nearest(used.name, fields)}")
