"""See LegendLabel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import Expression, filled
from harness.documents.unknown import nearest
from harness.languages.promql_labels import labels_of
from harness.model import Finding, Severity

_USED = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


class LegendLabel(Check):
    """A legend names a label that the query does not keep: every line has the same empty name.

    Why: the viewer cannot tell the lines apart. Bad: `{{route}}` over `sum by (method) (…)`. Good: a label of the
    result. Fix: keep the label, or name another.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Follow the labels through each query into its legend."""
        metrics = known_metrics(context.documents, context.fixtures)
        for panel in dashboard.panels:
            for target in panel.targets:
                used = list(_USED.finditer(target.legend)) if target.stored_as == "expr" else []
                node = Expression(target.expr, filled(target.expr), target.inside).node() if used else None
                carried = labels_of(node, metrics) if node else None
                for label in used:
                    if carried and not carried.possible(label[1]):
                        place = target.view.inside(("legendFormat",), label.start(1), len(label[1]))
                        near = nearest(label[1], carried.may)
                        yield self.finding(place, f"the query does not keep the label {label[1]}{near}")
