"""See UnusedReceiver."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class UnusedReceiver(Check):
    """A receiver that no route names looks like somebody is told, and nobody is.

    Why: it is a leftover, or the route that should use it is missing. Bad: `name: oncall` that no route names.
    Good: every receiver is named by a route. Fix: remove it, or route to it.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Subtract the receivers of all routes from those defined."""
        used = {route.receiver for route in alertmanager.route.walk()} if alertmanager.route else set()
        for receiver in alertmanager.receivers:
            if receiver.name not in used:
                yield self.finding(receiver.view.at("name"), f"no route sends to {receiver.name}")
