"""See NeedlessContinue."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class NeedlessContinue(Check):
    """`continue: true` on the last route of its level does nothing.

    Why: there is no sibling left to go on to; somebody expected another route behind it. Bad: on the last route.
    Good: on one with siblings below. Fix: remove it, or put the route where it was meant to be.
    """

    severity, subject = Severity.INFO, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at the last child of every route."""
        for route in alertmanager.route.walk() if alertmanager.route else ():
            if route.routes and route.routes[-1].goes_on:
                yield self.finding(route.routes[-1].at("continue"), "nothing follows to go on to")
