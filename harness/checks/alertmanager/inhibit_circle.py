"""See InhibitCircle."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager, InhibitRule
from harness.model import Finding, Severity


class InhibitCircle(Check):
    """Two inhibit rules let two alerts mute each other: when both fire, nobody hears of either.

    Why: each is a source for the other. Bad: A mutes B in one rule, B mutes A in another. Good: one direction.
    Fix: decide which is the cause.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for pairs of alerts muted in both directions by different rules."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        muted: dict[tuple[int, int], InhibitRule] = {}
        told: set[int] = set()
        for rule in alertmanager.inhibit_rules:
            for first, source in enumerate(alerts):
                if not source.can_match(rule.sources):
                    continue
                for second, target in enumerate(alerts):
                    agrees = first != second and target.can_match(rule.targets)
                    if not agrees or not all(source.can_agree(target, label) for label in rule.equal):
                        continue
                    back = muted.get((second, first))
                    if back is not None and back is not rule and id(rule) not in told:
                        told.add(id(rule))
                        message = f"{source.rule.name} and {target.rule.name} mute each other, here and at {back.at()}"
                        yield self.finding(rule.at(), message, also=[back.at()])
                    muted.setdefault((first, second), rule)
