"""See DefaultRoute."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class DefaultRoute(Check):
    """An alert falls through to the root's receiver although routes are there to sort alerts.

    Why: the root is for what nobody thought of; an alert of ours there was forgotten.
    Bad: `severity: warn` beside routes for `warning` and `critical`. Good: a route for each alert. Fix: correct the
    label, or add a route.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Walk the tree with each alert whose labels decide every route, where most alerts have a route."""
        root = alertmanager.route
        if root is None or not root.routes:
            return
        asked = {matcher.label for route in root.routes for matcher in route.matchers}
        alerts = [
            a for a in arriving(context.documents, context.fixtures) if all(_decided(a, label) for label in asked)
        ]
        fallen = [alert for alert in alerts if alertmanager.destinations(dict(alert.fixed)) == (root,)]
        if 2 * len(fallen) > len(alerts):
            return
        for alert in fallen:
            labels = ", ".join(f'{label}="{alert.fixed.get(label, "")}"' for label in sorted(asked))
            message = f"{alert.rule.name} falls through to the root's receiver {root.receiver}: no route takes {labels}"
            yield self.finding(alert.rule.at("alert"), message, also=[root.receiver_position])


def _decided(alert: ArrivingAlert, label: str) -> bool:
    return label in alert.fixed or not alert.flowing.possible(label)
