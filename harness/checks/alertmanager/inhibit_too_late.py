"""See InhibitTooLate."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import Alertmanager, InhibitRule
from harness.documents.durations import spoken
from harness.model import Finding, Severity


class InhibitTooLate(Check):
    """A source fires only after its target has been notified: too late to mute it.

    Why: the target waits for its `for` and its `group_wait`; when the source waits longer, the message that
    should not be sent has gone out. Bad: source `for: 10m`, target `for: 1m`. Good: sources no slower than targets.
    Fix: shorten the source's `for`, or lengthen the target's.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the times of sources and targets of every rule; a finding for each source with such targets."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        for rule in alertmanager.inhibit_rules:
            sources = [alert for alert in alerts if alert.can_match(rule.sources)]
            targets = [alert for alert in alerts if alert.can_match(rule.targets)]
            for source in sources:
                late = [t for t in targets if t is not source and _late(source, t, rule, alertmanager)]
                if late:
                    names = ", ".join(target.rule.name for target in late[:3])
                    wait = spoken(source.rule.duration or 0)
                    message = f"{source.rule.name} waits {wait}; by then {names} has been notified"
                    yield self.finding(rule.at("source_matchers"), message, also=[source.rule.at("for")])


def _late(source: ArrivingAlert, target: ArrivingAlert, rule: InhibitRule, alertmanager: Alertmanager) -> bool:
    if source.rule.duration is None or target.rule.duration is None:
        return False
    if not all(source.can_agree(target, label) for label in rule.equal):
        return False
    waits = [route.group_wait for route in alertmanager.destinations(dict(target.fixed))]
    known = [wait for wait in waits if wait is not None]
    return len(known) == len(waits) and source.rule.duration > target.rule.duration + min(known, default=0.0)
