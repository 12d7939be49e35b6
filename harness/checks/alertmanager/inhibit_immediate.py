"""See InhibitImmediate."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding


class InhibitImmediate(Check):
    """An inhibit rule can mute an alert of a severity that must be told at once.

    Why: an outage of one thing must not hide the page about another; who is paged decides what matters.
    Bad: `target_matchers: [severity=~"critical|warning"]`. Good: targets of lesser severities only. Fix: narrow the
    targets. Which severities are immediate is in `fixtures/routing.yml`.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for alerts of an immediate severity among the targets of each rule."""
        agreed = (context.fixtures.get("routing") or {}).get("severities") or {}
        immediate = {severity for severity, demands in agreed.items() if demands.get("immediate")}
        alerts = [a for a in arriving(context.documents, context.fixtures) if a.fixed.get("severity") in immediate]
        for rule in alertmanager.inhibit_rules if immediate else ():
            hit = [alert.rule.name for alert in alerts if alert.can_match(rule.targets)]
            if hit:
                shown = ", ".join(hit[:3]) + (f" and {len(hit) - 3} more" if len(hit) > 3 else "")
                yield self.finding(rule.at("target_matchers"), f"can mute {shown}, which must be told at once")
