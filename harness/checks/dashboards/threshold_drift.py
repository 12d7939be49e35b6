"""See ThresholdDrift."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.expressions import Expression, filled, of_rule
from harness.documents.rules import Alert, Rules
from harness.languages.promql import (
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Selector,
)
from harness.languages.promql_values import thresholds
from harness.model import Finding, Severity


class ThresholdDrift(Check):
    """A panel colours at another value than the alert on the same expression fires at.

    Why: the panel is green while the alert fires, or red while nobody is told. Bad: the alert at 0.85, the panel's
    steps at 0.7 and 0.9. Good: the alert's value among the steps. Fix: align them.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Compare panels with thresholds and alerts that read the same metrics in the same way."""
        alerts: dict[str, list[tuple[Alert, float]]] = {}
        for rules in context.documents.of(Rules):
            for alert in rules.alerts:
                node = of_rule(alert).node()
                first = next(thresholds(node), None) if node else None
                if first:
                    alerts.setdefault(_essence(first.subject), []).append((alert, first.bound))
        for panel in dashboard.panels:
            steps_of = [s["value"].value for s in panel.thresholds if isinstance(s["value"].value, (int, float))]
            if not steps_of or len(panel.targets) != 1 or panel.targets[0].stored_as != "expr":
                continue
            target = panel.targets[0]
            node = Expression(target.expr, filled(target.expr), target.inside).node()
            for alert, bound in alerts.get(_essence(node), []) if node else ():
                if not any(abs(value - bound) <= 1e-9 * max(1.0, abs(bound)) for value in steps_of):
                    listed = " and ".join(f"{value:g}" for value in steps_of)
                    message = f"{alert.name} fires at {bound:g}, this panel changes colour at {listed}"
                    yield self.finding(panel.thresholds[-1].at("value"), message, also=[alert.at("expr")])


def _essence(node: Node) -> str:
    """What an expression measures, without windows, groupings, and the matchers that variables stand in."""
    match node:
        case Binary(operator="or", left=left, right=Call(function="vector")):
            return _essence(left)
        case Binary():
            return f"({_essence(node.left)}{node.operator}{_essence(node.right)})"
        case Aggregate():
            return f"{node.operator}({_essence(node.inner)})"
        case Call():
            return f"{node.function}({','.join(_essence(argument) for argument in node.arguments)})"
        case Selector():
            kept = sorted(f"{m.label}{m.op}{m.value}" for m in node.matchers if "$" not in m.value and m.label != "job")
            return f"{node.metric}{{{','.join(kept)}}}"
        case Number(value=value):
            return f"{value:g}"
        case _:
            return repr(node)
