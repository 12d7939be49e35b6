"""See LogField."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.unknown import nearest
from harness.model import Finding

_FIELD = re.compile(r"(?<![\w.:\"${-])([A-Za-z_@][\w.@-]*):(?!//)")
_NUMERIC = {"long", "integer", "short", "byte", "float", "double", "half_float", "scaled_float", "unsigned_long"}
_CALCULATES = {"avg", "sum", "max", "min", "percentiles", "extended_stats"}


class LogField(Check):
    """A panel on logs asks for a field that no index has, or aggregates it in a way its type does not allow.

    Why: it is empty, or shows an error. Bad: terms of a text, the average of a keyword, `statuscode:>=500`.
    Good: the mapping's fields, each by its type. Fix: correct the field.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look up the fields of each Lucene query and aggregation in the index templates."""
        types: dict[str, str] = {}
        for template in context.documents.of(IndexTemplate):
            types.update({name: template.type_of(name) for name in template.fields})
        for panel in dashboard.panels if types else ():
            for target in panel.targets:
                if target.datasource.type != "elasticsearch":
                    continue
                for used in _FIELD.finditer(target.expr):
                    if used[1] not in types and not used[1].startswith("_"):
                        place = target.inside(used.start(1), len(used[1]))
                        yield self.finding(place, f"no index has the field {used[1]}{nearest(used[1], types)}")
                for step in ("metrics", "bucketAggs"):
                    for item in target.view.mappings(step):
                        if problem := _problem(item.text("field"), item.text("type"), types):
                            yield self.finding(item.at("field"), problem)


def _problem(field: str, kind: str, types: dict[str, str]) -> str:
    if not field or not field.replace(".", "").replace("@", "").isidentifier():
        return ""  # a reference to another metric, by number
    if field not in types:
        return f"no index has the field {field}{nearest(field, types)}"
    if kind in _CALCULATES and types[field] not in _NUMERIC | {"date"}:
        return f"{kind} of {field}, which is {types[field]}"
    if kind == "terms" and types[field] in ("text", "match_only_text"):
        return f"terms of {field}, which is {types[field]}"
    if kind == "date_histogram" and types[field] not in ("date", "date_nanos"):
        return f"a date histogram of {field}, which is {types[field]}"
    return ""
