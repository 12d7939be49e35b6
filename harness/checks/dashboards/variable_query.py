"""See VariableQuery."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import Expression, filled
from harness.documents.positions import View
from harness.documents.unknown import nearest, unknown_metrics
from harness.languages.promql_labels import labels_of
from harness.model import Finding, Position

_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.*),\s*(?P<label>\w+)\s*\)\s*", re.DOTALL)


class VariableQuery(Check):
    """A variable's query asks for a metric or label that nobody emits: its list is empty, and so is every panel on it.

    Why: an empty list is no error. Bad: `label_values(http_request_total, route)`. Good: the catalog's names.
    Fix: correct the name.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look up metric and label of every `label_values`."""
        metrics = known_metrics(context.documents, context.fixtures)
        for variable in dashboard.variables:
            match = _LABEL_VALUES.fullmatch(variable.query)
            path = ("query", "query") if isinstance(variable.view["query"].value, dict) else ("query",)
            if match is None or not isinstance(context.fixtures.get("catalog"), dict):
                continue

            def place(
                offset: int, length: int, view: View = variable.view, path: Any = path, start: int = 13
            ) -> Position:
                return view.inside(path, offset + start, length)

            text = match["selector"]
            query = Expression(text, filled(text), place)
            for position, message in unknown_metrics(query, context.documents, context.fixtures):
                yield self.finding(position, message)
            node = query.node()
            carried = labels_of(node, metrics) if node else None
            if carried and not carried.possible(match["label"]):
                near = nearest(match["label"], carried.may)
                at = variable.view.inside(path, match.start("label"), len(match["label"]))
                yield self.finding(at, f"the metric has no label {match['label']}{near}")
