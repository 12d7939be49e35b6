"""See UnitScale."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import Expression, filled
from harness.languages.promql import (
    Binary,
    Number,
)
from harness.languages.promql_values import interval_of
from harness.model import Finding


class UnitScale(Check):
    """A panel's unit does not fit the scale of its query: 5 % is shown as 500 %, or as 0.05 %.

    Why: `percentunit` wants shares of one, `percent` wants hundredths. Bad: unit `percentunit` over `… * 100`.
    Good: one or the other. Fix: change the unit, or leave out the factor.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare the unit of every panel with what its queries yield."""
        metrics = known_metrics(context.documents, context.fixtures)
        for panel in dashboard.panels:
            for target in panel.targets if panel.unit in ("percent", "percentunit") else ():
                node = Expression(target.expr, filled(target.expr), target.inside).node() if target.expr else None
                if not isinstance(node, Binary) or target.stored_as != "expr":
                    continue
                factor = node.operator == "*" and any(
                    isinstance(side, Number) and side.value == 100 for side in (node.left, node.right)
                )
                values = interval_of(node, metrics)
                at = panel.view.at("fieldConfig", "defaults", "unit")
                if panel.unit == "percentunit" and factor:
                    yield self.finding(at, "the query yields percent, and percentunit multiplies by 100 again")
                elif panel.unit == "percent" and values.low >= 0 and values.high <= 1:
                    yield self.finding(at, "the query yields a share of one; the unit for that is percentunit")
