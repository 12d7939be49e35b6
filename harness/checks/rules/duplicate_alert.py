"""See DuplicateAlert."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.rules import Alert, Rules
from harness.model import Finding, Severity


class DuplicateAlert(Check):
    """Two alerts of the same name and labels are one alert to everybody but Prometheus.

    Why: Alertmanager tells alerts apart by their labels; when two rules make the same ones, the one that resolves
    silences the one that still fires. Bad: two `alert: ApiDown` with `severity: critical`. Good: two names, or a label
    that tells them apart. Fix: rename one, or remove the copy.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare name and labels of every alert of every file."""
        seen: dict[object, Alert] = {}
        for rules in documents.of(Rules):
            for alert in rules.alerts:
                key = (alert.name, frozenset(alert.labels.items()))
                first = seen.setdefault(key, alert)
                if first is not alert and _overlaps(first, alert):
                    message = f"{alert.name} is there already with the same labels, at {first.at('alert')}"
                    yield self.finding(alert.at("alert"), message, also=[first.at("alert")])


def _overlaps(first: Alert, second: Alert) -> bool:
    """The same expression: mixins write one alert for several windows with different expressions on purpose."""
    if first.at("alert") == second.at("alert"):
        return False  # a YAML alias
    return " ".join(first.expr.split()) == " ".join(second.expr.split())
