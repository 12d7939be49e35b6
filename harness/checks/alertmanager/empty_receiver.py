"""See EmptyReceiver."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.rules import Rules
from harness.model import Finding


class EmptyReceiver(Check):
    """A critical alert that ends in a receiver without any channel is told to nobody.

    Why: a receiver may be empty on purpose, to swallow noise, but never for what must wake somebody.
    Bad: a critical alert routed to `receiver: "null"`. Good: a receiver with a channel. Fix: route it elsewhere.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Walk the tree with every critical alert of the rules."""
        told = set()
        for rules in context.documents.of(Rules):
            for alert in rules.alerts:
                if alert.severity not in ("critical", "page", "error"):
                    continue
                labels = {**alert.labels, "alertname": alert.name}
                routes = alertmanager.destinations(labels)
                if routes and not alertmanager.channels(labels) and alert.name not in told:
                    told.add(alert.name)
                    message = f"{alert.name} ({alert.severity}) ends here, and {routes[0].receiver} tells nobody"
                    yield self.finding(routes[0].receiver_position, message, also=[alert.at("alert")])
