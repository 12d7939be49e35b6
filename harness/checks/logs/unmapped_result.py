"""See UnmappedResult."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.log_flow import (
    plugins,
    removed,
    written,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.model import Finding, Severity


class UnmappedResult(Check):
    """The pipeline sets a field that the strict mapping does not have: it is stored, and cannot be searched.

    Why: with `dynamic: false` what is not mapped is not indexed. Bad: `target => "severty"`. Good: a mapped field, or
    one that is removed again. Fix: map it, or correct the name.
    """

    severity, subject = Severity.WARNING, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look up what the filters set in the template of the largest mapping."""
        templates = [t for t in context.documents.of(IndexTemplate) if t.fields and "dynamic" in t.tree.text]
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        every = list(plugins(body))
        gone = {name for plugin in every for name, _ in removed(plugin)}
        mapped = {name for template in templates for name in template.fields}
        tops = {name.split(".")[0] for name in mapped}
        told: set[str] = set()
        for plugin in every if templates else ():
            for name, place in written(plugin):
                hidden = name.startswith("@") or name in gone or "%{" in name or name in told
                if not hidden and name not in mapped and name.split(".")[0] not in tops - mapped:
                    told.add(name)
                    yield self.finding(place, f"{name} is not mapped, so nobody can search it{nearest(name, mapped)}")
