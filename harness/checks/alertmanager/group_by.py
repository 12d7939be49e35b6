"""See GroupBy."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class GroupBy(Check):
    """`group_by` repeats a label, mixes `...` with others, or names a label that no alert carries.

    Why: the first two keep Alertmanager from loading; the third groups by nothing, so unrelated alerts share a message.
    Bad: `group_by: [clutser, service]`. Good: labels that the rules set or keep. Fix: correct the name.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look every label up in what alerts can arrive with."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        known = sorted({label for alert in alerts for label in (*alert.fixed, *alert.flowing.may)})
        for route in alertmanager.route.walk() if alertmanager.route else ():
            labels = route.view.texts("group_by")
            for index, label in enumerate(labels):
                at = route.at("group_by", index)
                if label in labels[:index]:
                    yield self.finding(at, f"{label} is repeated", severity=Severity.FATAL)
                elif label == "..." and len(labels) > 1:
                    yield self.finding(at, "`...` groups by every label; others beside it", severity=Severity.FATAL)
                elif alerts and label != "..." and not any(alert.possible(label) for alert in alerts):
                    yield self.finding(at, f"no alert carries {label}, so it groups nothing{nearest(label, known)}")
