"""Which alerts each inhibition rule can ever mute, and the pairs of alerts that can show that it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import Alertmanager, InhibitRule
from harness.documents.configuration import Configuration
from harness.simulate.derive import Derived, Rehearsed
from harness.simulate.derive.combined import Pair, pair
from harness.simulate.values import Timeline

MOST_TRIES = 8
"""How many pairs of a rule are tried until one shows what it does."""

LEAD_SECONDS = 20.0
"""How much earlier the source fires: before the target is told of, no more, for it may end what the target sees."""


@dataclass(frozen=True, slots=True)
class Play:
    """Two alerts at once, and whether the rule is to keep the target quiet (`muted`) or must not touch it."""

    number: int
    rule: InhibitRule
    source: Rehearsed
    target: Rehearsed
    muted: bool

    def pair(self) -> Pair:
        """What is played: long enough for both to fire and be told of, then for the target to come back."""
        source, target = self.source.derived, self.target.derived
        begins = max(0.0, _fires(self.target) - _fires(self.source) - LEAD_SECONDS)
        onset = max(_length(source, "fires"), _length(target, "fires"))
        afterwards = _length(source, "recovers") + _length(target, "fires") + _length(target, "recovers")
        return pair(source, target, (begins, 0.0), onset, afterwards)

    def shows(self, timeline: Timeline) -> bool:
        """Whether the target fired while the source did, so that something can be said."""
        source, target = self.source.derived.alert.name, self.target.derived.alert.name
        fired = timeline.fired()
        over = [t.at for t in timeline.transitions if t.alert == source and t.state == "resolved"]
        return target in fired and source in fired and fired[source] <= fired[target] + 30 and (
            not over or fired[target] < over[0]
        )  # fmt: skip


def plays(
    configuration: Configuration, fixtures: Mapping[str, Any], rehearsed: Sequence[Rehearsed]
) -> Iterator[tuple[Play, ...]]:
    """For every rule, some targets that it mutes, and some that disagree with the source; the most telling first."""
    by_name = {r.derived.alert.name: r for r in reversed(rehearsed) if not r.derived.always}
    alerts = tuple(arriving(configuration, fixtures))
    rules = inhibit_rules(configuration)
    for number, rule in enumerate(rules, start=1):
        for muted in (True, False):
            found = [
                Play(number, rule, by_name[s.rule.name], by_name[t.rule.name], muted)
                for s, t in matching(rule, alerts)
                if s.rule.name in by_name and t.rule.name in by_name
                and (agree(rule, s, t) if muted else not any(can_mute(r, s, t) for r in rules))
            ]  # fmt: skip
            apart = [play for play in found if not set(play.source.derived.keys) & set(play.target.derived.keys)]
            if found:
                yield tuple(islice((*apart, *(play for play in found if play not in apart)), MOST_TRIES))


def inhibit_rules(configuration: Configuration) -> list[InhibitRule]:
    """The inhibition rules, in file order."""
    return [rule for config in configuration.of(Alertmanager) for rule in config.inhibit_rules]


def matching(rule: InhibitRule, alerts: Sequence[ArrivingAlert]) -> Iterator[tuple[ArrivingAlert, ArrivingAlert]]:
    """Every source with every target, as far as the matchers say."""
    for source in alerts:
        if source.can_match(rule.sources):
            for target in alerts:
                if target is not source and target.can_match(rule.targets):
                    yield source, target


def agree(rule: InhibitRule, source: ArrivingAlert, target: ArrivingAlert) -> bool:
    """Whether both can carry the same value of every `equal` label."""
    return all(source.can_agree(target, label) for label in rule.equal)


def can_mute(rule: InhibitRule, source: ArrivingAlert, target: ArrivingAlert) -> bool:
    """Whether a rule can mute a target because of a source."""
    return source.can_match(rule.sources) and target.can_match(rule.targets) and agree(rule, source, target)


def reach(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[tuple[int, InhibitRule, list[str]]]:
    """For every rule the names of all alerts that it can ever mute."""
    alerts = tuple(arriving(configuration, fixtures))
    for number, rule in enumerate(inhibit_rules(configuration), start=1):
        targets = [t.rule.name for s, t in matching(rule, alerts) if agree(rule, s, t)]
        yield number, rule, list(dict.fromkeys(targets))


def _fires(rehearsed: Rehearsed) -> float:
    """How long after its series moved an alert fired, in seconds."""
    return next((o.firing_at for o in rehearsed.outcomes if o.case == "fires" and o.firing_at is not None), 0.0)


def _length(derived: Derived, case: str) -> float:
    return sum(phase.ends - phase.at for phase in derived.phases if phase.case == case)
