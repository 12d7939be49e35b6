"""See UnmatchedRoute."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class UnmatchedRoute(Check):
    """A route that no alert of the rules can match: its receiver never hears anything.

    Why: the label or the value is spelt differently on the two sides, and each looks right alone.
    Bad: `matchers: [team="datbase"]` while the rules say `team: database`. Good: a value that an alert carries.
    Fix: correct the matcher or the rule's label; a route for alerts of other sources needs a waiver.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Follow the labels of every alert into the matchers of every route."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        if not alerts or alertmanager.route is None:
            return
        yield from self._below(alertmanager.route, alerts)

    def _below(self, parent: Route, alerts: tuple[ArrivingAlert, ...]) -> Iterable[Finding]:
        for route in parent.routes:
            fitting = tuple(alert for alert in alerts if alert.can_match(route.matchers))
            if fitting:
                yield from self._below(route, fitting)
                continue
            culprit = next((m for m in route.matchers if not any(a.can_match((m,)) for a in alerts)), None)
            if culprit is None:
                yield self.finding(route.at("matchers"), "no alert that comes here fulfils all of these")
                continue
            values = sorted({alert.fixed[culprit.label] for alert in alerts if culprit.label in alert.fixed})
            hint = nearest(culprit.value, values)
            yield self.finding(culprit.position, f"no alert that comes here has {culprit}{hint}")
