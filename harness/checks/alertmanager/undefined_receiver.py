"""See UndefinedReceiver."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class UndefinedReceiver(Check):
    """A route names a receiver that does not exist, so Alertmanager refuses the whole configuration.

    Why: one typo, and no alert is delivered after the next restart. Bad: `receiver: critcal`. Good: a name listed under
    `receivers`. Fix: correct the name, or define the receiver.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look up every receiver that a route names itself."""
        known = [receiver.name for receiver in alertmanager.receivers]
        for route in alertmanager.route.walk() if alertmanager.route else ():
            if route.view["receiver"] and route.receiver not in known:
                message = f"no receiver is called {route.receiver}{nearest(route.receiver, known)}"
                yield self.finding(route.receiver_position, message)
            elif not route.receiver:
                yield self.finding(route.view.at(), "the root route needs a receiver")
