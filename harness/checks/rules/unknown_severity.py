"""See UnknownSeverity."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.rules import Rules
from harness.documents.unknown import nearest
from harness.model import Finding


class UnknownSeverity(Check):
    """A severity that no route knows: the alert ends in the root's receiver, whoever that is.

    Why: a typo in a label is silent everywhere. Bad: `severity: warn` where routes ask for `warning`.
    Good: one of the severities that routes or `fixtures/routing.yml` name. Fix: use the word the routes use.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each severity with those that routes and routing fixture know."""
        routing = (context.fixtures.get("routing") or {}).get("severities") or {}
        known = {str(name) for name in routing}
        trees = [alertmanager.route for alertmanager in context.documents.of(Alertmanager) if alertmanager.route]
        matchers = [m for tree in trees for route in tree.walk() for m in route.matchers if m.label == "severity"]
        known |= {value for m in matchers if m.op in ("=", "=~") for value in m.value.split("|")}
        if not known:
            return
        for alert in rules.alerts:
            severity = alert.severity
            if severity and "{{" not in severity and severity not in known:
                if not routing and any(m.matches({"severity": severity}) for m in matchers):
                    continue
                message = f'no route knows severity "{severity}"{nearest(severity, known)}'
                yield self.finding(alert.at("labels", "severity"), message)
