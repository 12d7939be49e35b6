"""Inhibition mutes exactly the symptoms, and nothing that stands for a cause."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.rules import Alert
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Inhibition(Check):
    """In the storm, exactly the alerts the scenario calls symptoms are muted, and every other one is notified.

    Why: a rule that mutes nothing leaves the channel screaming; one that mutes a cause hides it. How measured: against
    the same storm through an Alertmanager without `inhibit_rules`, which must notify every one of them. How to fix:
    look at the matchers and `equal` labels of the rule named in the finding.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Muted and not muted, as the scenario says."""
        storm = history.last("storm")
        if storm is None:
            yield Gap("no storm was played")
            return
        muted = set(storm.data["muted"])
        with_rules, without = recorded.notifications(history, "storm"), recorded.notifications(history, "plain")
        rules = {alert.name: alert for alert in recorded.alerts(context)}
        proven: list[str] = []
        for name in storm.data["fires"]:
            if name not in rules:
                continue
            in_plain, in_storm = any(recorded.naming(without, name)), any(recorded.naming(with_rules, name))
            if not in_plain:
                yield Gap(f"{name} was not notified even without inhibition, so nothing is known of its muting")
            elif name in muted and in_storm:
                yield self.finding(
                    _rule_for(rules[name], context), f"{name} is a symptom in this outage and was notified all the same"
                )
            elif name not in muted and not in_storm:
                yield self.finding(
                    _rule_for(rules[name], context), f"{name} was muted in this outage, although it is no symptom of it"
                )
            else:
                proven.append(name)
        if proven:
            yield Proof(
                f"{len(muted & set(proven))} symptoms muted, {len(set(proven) - muted)} other alerts notified",
                samples=len(proven),
                services=("prometheus", "alertmanager"),
                evidence=(Evidence("notification", "lane=storm"), Evidence("notification", "lane=plain")),
            )


def _rule_for(alert: Alert, context: Context) -> Position:
    """The inhibition rule whose targets the alert matches; the section otherwise."""
    labels = {**alert.labels, "alertname": alert.name}
    for config in context.documents.of(Alertmanager):
        for rule in config.inhibit_rules:
            if all(matcher.matches(labels) for matcher in rule.targets):
                return rule.at("equal")
        return config.tree.key_at("inhibit_rules")
    return alert.at()
