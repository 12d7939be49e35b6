"""See InhibitEqual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.contracts import Check, Context
from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import Alertmanager, InhibitRule
from harness.documents.unknown import nearest
from harness.model import Finding


class InhibitEqual(Check):
    """An inhibit rule whose `equal` labels the two sides can never agree on mutes nothing.

    Why: source and target must have the same value of every `equal` label; one that only one side carries never
    agrees, and one that nobody carries is a typo that makes the rule mute far too much.
    Bad: `equal: [instance]` where the target's expression aggregates `instance` away. Good: a label on both sides.
    Fix: use labels that the rules set or keep on both sides.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Follow the labels of every alert into both sides of every inhibit rule."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        known = sorted({label for alert in alerts for label in (*alert.fixed, *alert.flowing.may)})
        for rule in alertmanager.inhibit_rules:
            sources = [alert for alert in alerts if alert.can_match(rule.sources)]
            targets = [alert for alert in alerts if alert.can_match(rule.targets)]
            if sources and targets:
                yield from self._judge(rule, sources, targets, known)

    def _judge(
        self, rule: InhibitRule, sources: Sequence[ArrivingAlert], targets: Sequence[ArrivingAlert], known: list[str]
    ) -> Iterable[Finding]:
        dead = False
        for index, label in enumerate(rule.equal):
            at = rule.at("equal", index)
            if not any(alert.possible(label) for alert in (*sources, *targets)):
                hint = nearest(label, known) if label not in known else ""
                yield self.finding(at, f"no alert on either side carries {label}, so it limits nothing{hint}")
                dead = True
            elif not any(source.can_agree(target, label) for source, target in _pairs(sources, targets)):
                yield self.finding(at, f"mutes nothing: {_why(label, sources, targets)}")
                dead = True
        if dead or not rule.equal:
            return
        if not any(all(s.can_agree(t, label) for label in rule.equal) for s, t in _pairs(sources, targets)):
            message = f"mutes nothing: no source and target can agree on all of {', '.join(rule.equal)}"
            yield self.finding(rule.at("equal"), message)


def _pairs(
    sources: Sequence[ArrivingAlert], targets: Sequence[ArrivingAlert]
) -> Iterable[tuple[ArrivingAlert, ArrivingAlert]]:
    """Source and target that are not the same alert: one that matches both sides is not muted by its own kind."""
    pairs = [(source, target) for source in sources for target in targets if source is not target]
    return pairs or [(source, target) for source in sources for target in targets]


def _why(label: str, sources: Sequence[ArrivingAlert], targets: Sequence[ArrivingAlert]) -> str:
    if not any(target.possible(label) for target in targets):
        return f"no target carries {label}, which every source does"
    if not any(source.possible(label) for source in sources):
        return f"no source carries {label}, which every target does"
    return f"no source has the same {label} as a target"
