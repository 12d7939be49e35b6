"""See ThresholdUnit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.dashboard import Dashboard, Panel
from harness.documents.expressions import Expression, filled
from harness.documents.positions import View
from harness.languages.metrics import Metrics
from harness.languages.promql_values import interval_of
from harness.model import Finding, Severity


class ThresholdUnit(Check):
    """A threshold in another unit than the panel's values: its colour never shows, or always does.

    Why: with `percentunit` five percent is 0.05; a step at 5 means 500 %, and the panel stays green in every outage.
    Bad: unit `percentunit` with a step at 5; unit `percent` with steps at 0.01 and 0.05; a step over the gauge's `max`.
    Good: steps in the unit of the query, within what it can reach. Fix: write the step in the panel's unit.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare the steps of every panel with what its unit, its maximum and its queries can be."""
        metrics = known_metrics(context.documents, context.fixtures)
        for panel in dashboard.panels:
            steps = [step for step in panel.thresholds if _number(step) is not None]
            if steps and panel.view["fieldConfig"]["defaults"]["thresholds"].text("mode") != "percentage":
                yield from self._steps(panel, steps, metrics)

    def _steps(self, panel: Panel, steps: list[View], metrics: Metrics) -> Iterator[Finding]:
        values = [_number(step) or 0.0 for step in steps]
        small = [value for value in values if value > 0]
        if panel.unit == "percent" and small and max(small) <= 1:
            shown = f"{max(small):g} of unit percent is {max(small):g} %, not {max(small) * 100:g} %"
            yield self.finding(steps[-1].at("value"), shown)
            return
        most, why = _most(panel, metrics)
        for step, value in zip(steps, values, strict=True):
            if most is not None and value > most:
                meant = f"; {value:g} of unit percentunit is {value * 100:g} %" if panel.unit == "percentunit" else ""
                # A maximum of the drawing's binds the values of a described system only as far as somebody says so.
                severity = Severity.WARNING if why.startswith("the panel's") else None
                said = f"the step at {value:g} is never reached: {why} {most:g}{meant}"
                yield self.finding(step.at("value"), said, severity=severity)


def _most(panel: Panel, metrics: Metrics) -> tuple[float | None, str]:
    """The most that a panel can show, and who says so; None when nobody does."""
    given = panel.view["fieldConfig"]["defaults"].number("max")
    if given is not None and panel.type in ("gauge", "bargauge"):
        return float(given), "the panel's max is"
    highest = 0.0
    for target in panel.targets:
        node = Expression(target.expr, filled(target.expr), target.inside).node() if target.expr else None
        if node is None or target.stored_as != "expr":
            return None, ""
        highest = max(highest, interval_of(node, metrics).high)
    return (highest, "the query never yields more than") if panel.targets and highest < float("inf") else (None, "")


def _number(step: View) -> float | None:
    value = step["value"].value
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
