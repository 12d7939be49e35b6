"""See VirtualInhibition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.documents.alert_labels import ArrivingAlert, arriving
from harness.documents.alertmanager import InhibitRule
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class VirtualInhibition(Check):
    """Each inhibition rule mutes its targets while its source fires, lets them speak afterwards, and touches no other.

    Why: a rule that mutes a cause hides an outage, one that never unmutes hides the next. How measured: for every rule
    a source and a target are made to fire together on the virtual clock, then the source ends; and a target that
    disagrees on an `equal` label beside the same source. Which alerts a rule can ever mute follows from the labels of
    all rules; none whose severity is agreed to be heard always may be among them. How to fix: the finding names the
    rule.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every rule's reach, what was played of it, and what the scenarios expect to be muted."""
        rules, proven = played.inhibit_rules(context), 0
        alerts = tuple(arriving(context.documents, context.fixtures))
        reach = {number: _reach(rule, alerts) for number, rule in enumerate(rules, start=1)}
        for number, pairs in reach.items():
            yield from self._never(number, rules[number - 1], pairs, context)
        for number, rule in enumerate(rules, start=1):
            plays = history.of_kind("inhibition", f"rule {number}")
            if not any(seen.data["to_be_muted"] for seen in plays):
                yield Gap(f"inhibition rule {number} ({rule.at()}): no source and target of it could be played")
            for seen in plays:
                found = list(self._played(rule, seen.data, context))
                yield from found
                proven += 0 if found else 1
        for seen in history.of_kind("virtual"):
            if seen.data["inhibiting"]:
                found = list(self._scenario(seen.subject, seen.data, rules, played.alerts(context)))
                yield from found
                proven += 0 if found else 1
        if proven:
            each = "; ".join(f"rule {n} can mute {len({t for _, t in pairs})} alerts" for n, pairs in reach.items())
            yield Proof(
                f"{len(rules)} rules, {proven} plays as expected; {each}", samples=proven, services=played.CLOCK,
                evidence=(Evidence("inhibition", "all"), Evidence("virtual", "all")),
            )  # fmt: skip

    def _never(
        self, number: int, rule: InhibitRule, pairs: Iterable[tuple[str, str]], context: Context
    ) -> Iterator[Finding]:
        agreed, rules = played.agreed(context), played.alerts(context)
        for source, target in pairs:
            entry = agreed.get(rules[target].severity)
            if entry and entry.never_muted:
                yield self.finding(
                    rule.at("target_matchers"),
                    f"inhibition rule {number} can mute {target} while {source} fires; alerts of severity "
                    f"{rules[target].severity} are never to be muted",
                    also=(rules[target].at(),),
                )
                return

    def _played(self, rule: InhibitRule, data: Mapping[str, Any], context: Context) -> Iterator[Finding | Gap]:
        source, target = data["source"], data["target"]
        fired, source_fired = data["target_fired_at"], data["source_fired_at"]
        if fired is None or source_fired is None:
            yield Gap(
                f"inhibition rule {data['rule']}: {target if fired is None else source} did not fire beside the other"
            )
            return
        over = data["source_over_at"] or data["source_ends"]
        kept = [
            mute for mute in data["muted"] if mute[2] == "inhibition" and any(_name([s]) == source for s in mute[3])
        ]
        if data["to_be_muted"] and fired > over:
            yield Gap(
                f"inhibition rule {data['rule']}: {target} fired only after {source} was over, which shows nothing"
            )
            return
        early = [at for at in data["target_told_at"] if at <= over]
        if data["to_be_muted"] and early:
            yield self.finding(
                rule.at("target_matchers"),
                f"inhibition rule {data['rule']} does not mute {target} while {source} fires: it was told of "
                f"{early[0] - fired:.0f} s after it fired",
            )
        elif data["to_be_muted"] and not kept:
            yield Gap(f"inhibition rule {data['rule']}: {target} was not told of beside {source}, nor muted by it")
        elif data["to_be_muted"] and not data["target_told_at"]:
            yield self.finding(rule.at(), f"{target} is not told of even after {source}, which muted it, is over")
        elif not data["to_be_muted"] and any(m[2] == "inhibition" for m in data["muted"]):
            yield self.finding(
                rule.at("equal"),
                f"{target} is muted by {source}, with which it does not agree on {', '.join(rule.equal) or 'anything'}",
            )

    def _scenario(
        self, name: str, data: Mapping[str, Any], rules: Iterable[InhibitRule], alerts: Mapping[str, Alert]
    ) -> Iterator[Finding]:
        """What a scenario calls symptoms is muted in it, and nothing else that it leads to."""
        told = {
            alert for m in data["messages"] if m["at"] <= data["ends"] and not m["error"] for alert, _, _ in m["alerts"]
        }
        by = {m["alert"]: m["sources"] for m in data["muted"] if m["by"] == "inhibition"}
        for alert in sorted(data["expected"]):
            if alert not in data["fired"] or alert not in alerts:
                continue
            symptom = alert in data["muted_expected"]
            if symptom and alert in told:
                yield self.finding(
                    _place(alerts[alert], (), rules),
                    f"{alert} is a symptom in {name} and was told of all the same",
                    also=(alerts[alert].at(),),
                )
            elif not symptom and alert not in told and alert in by:
                source = _name(by[alert])
                yield self.finding(
                    _place(alerts[alert], by[alert], rules),
                    f"{alert} was muted in {name} by {source}, of which it is no symptom",
                    also=(alerts[alert].at(),),
                )


def _reach(rule: InhibitRule, alerts: tuple[ArrivingAlert, ...]) -> list[tuple[str, str]]:
    """Every source with every target it can mute, by their names."""
    return [
        (source.rule.name, target.rule.name)
        for source in alerts
        if source.can_match(rule.sources)
        for target in alerts
        if target is not source
        and target.can_match(rule.targets)
        and all(source.can_agree(target, label) for label in rule.equal)
        # An alert that matches both sides is not muted by one that does, Alertmanager says.
        and not (source.can_match(rule.targets) and target.can_match(rule.sources))
    ]


def _name(sources: Iterable[str]) -> str:
    return ", ".join(_labels(source).get("alertname", source) for source in sources)


def _labels(source: str) -> dict[str, str]:
    """An alert's labels as Alertmanager writes them, `{alertname="CacheDown", …}`."""
    return dict(_LABEL.findall(source))


def _place(alert: Alert, sources: Iterable[str], rules: Iterable[InhibitRule]) -> Position:
    """The rule whose targets the alert matches, and whose sources what muted it."""
    labels = {**alert.labels, "alertname": alert.name}
    muting = [_labels(source) for source in sources]
    for rule in rules:
        if all(matcher.matches(labels) for matcher in rule.targets):
            if not muting:
                return rule.at("target_matchers")
            if any(_explains(rule, source, labels) for source in muting):
                return rule.at("source_matchers")
    return alert.at()


def _explains(rule: InhibitRule, source: dict[str, str], target: Mapping[str, str]) -> bool:
    """Whether a source mutes a target by this rule; external labels, which a rule file does not show, agree."""
    return all(matcher.matches(source) for matcher in rule.sources) and all(
        source.get(label) == target[label] for label in rule.equal if label in target
    )
