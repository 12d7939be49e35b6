"""See LiteralReference."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.log_flow import (
    SPRINTF,
    assumed,
    plain,
    plugins,
    texts,
    written,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.model import Finding


class LiteralReference(Check):
    """A text refers to a field that no event has, so the reference itself is stored: `%{eventIdd}`.

    Why: as a document's id it makes one document of all; as an index name it makes a new index.
    Bad: `document_id => "%{eventIdd}"`. Good: a field that every event has here. Fix: correct the name.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look up every reference in the outputs and in what filters add."""
        known = set(assumed(context.fixtures))
        catalog = Catalog.of(context.fixtures)
        try:
            config = logstash.config
        except HarnessError:
            return  # logs/pipeline-syntax says so
        body = config.body("filter")
        if not known or catalog is None or any(p.name in ("ruby", "kv", "xml", "aggregate") for p in plugins(body)):
            return
        known |= {name for plugin in plugins(body) for name, _ in written(plugin)} | set(catalog.fields)
        for plugin in (*plugins(body), *plugins(config.body("output"))):
            for attribute in plugin.attributes:
                wanted = attribute.name in (
                    "add_field",
                    "replace",
                    "update",
                    "document_id",
                    "index",
                    "routing",
                    "pipeline",
                )
                for text in texts(attribute.value) if wanted else ():
                    for used in SPRINTF.finditer(text.value):
                        name = plain(used["field"])
                        top = name.split(".")[0]
                        if name not in known and top not in known and not name.startswith(("+", "@metadata")):
                            near = nearest(name, known)
                            yield self.finding(text.position, f"no event has {name}{near}; the text is stored as it is")
