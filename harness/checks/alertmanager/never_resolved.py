"""See NeverResolved."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class NeverResolved(Check):
    """A receiver that opens incidents is not told when they are over.

    Why: without the resolved event PagerDuty and its kind keep the incident open, and the next one adds to it unseen.
    Bad: `pagerduty_configs` with `send_resolved: false`. Good: the default, true. Fix: remove the line.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at the receivers that keep state."""
        for receiver in alertmanager.receivers:
            for integration in receiver.integrations:
                keeps = integration.kind in ("pagerduty", "opsgenie", "victorops", "jira", "incidentio")
                if keeps and integration.view["send_resolved"].value is False:
                    message = f"{integration.kind} keeps each incident open for ever"
                    yield self.finding(integration.view.at("send_resolved"), message)
