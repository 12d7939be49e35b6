"""See LogIndex."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.grafana import Datasources
from harness.documents.searches import templates_of
from harness.documents.unknown import nearest
from harness.model import Finding


class LogIndex(Check):
    """An Elasticsearch datasource reads an index, or a time field, that no template makes.

    Why: its panels are empty without an error. Bad: `index: caredroid-log`. Good: an alias or pattern of the index
    template, and a field of type date. Fix: correct the name.
    """

    subject = Datasources

    def examine(self, datasources: Datasources, context: Context) -> Iterable[Finding]:
        """Compare index and time field with the index templates."""
        templates = context.documents.of(IndexTemplate)
        for source in datasources.datasources if templates else ():
            index = source.view["jsonData"].text("index") or source.view.text("database")
            if source.kind != "elasticsearch" or not index or "[" in index:
                continue
            at = source.at("jsonData", "index")
            meant = templates_of(index, templates)
            if not meant:
                names = [alias for template in templates for alias in template.aliases]
                names += [str(v.value) for t in templates if (v := t.setting("lifecycle.rollover_alias"))]
                yield self.finding(at, f"no index template makes {index}{nearest(index, names)}")
                continue
            time = source.view["jsonData"].text("timeField", "@timestamp")
            kinds = {template.type_of(time) for template in meant if template.fields}
            if kinds and not kinds & {"date", "date_nanos"}:
                yield self.finding(source.at("jsonData", "timeField"), f"{time} is no date in {index}")
