"""See Expectation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.documents.rules import Alert
from harness.languages.promql import PromqlError, parse
from harness.languages.promql_values import thresholds
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

TOLERANCE_SECONDS = 30.0
"""A crossing at the due time is in the next sample, and that sample in the next evaluation: twice 15 s."""


class Expectation(Check):
    """In every scenario exactly the alerts fire that it is written to lead to, each when it is due.

    Why: a rule with a wrong threshold, comparison or `for` is still a valid rule; only what was expected of it tells.
    How measured: the scenarios of `fixtures/scenarios` on the unmodified rules with every `for:`, on the virtual clock.
    How to fix: the finding names the rule and what it asks for; correct it, or the scenario if that is what is wrong.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every scenario, with inhibition as configured."""
        rules, proven = played.alerts(context), 0
        always = {seen.subject for seen in history.of_kind("derived") if seen.data["always"]}
        scenarios = [seen for seen in history.of_kind("virtual") if seen.data["inhibiting"]]
        if not scenarios:
            yield Gap("no scenario was played")
        for seen in scenarios:
            found = list(self._scenario(seen.subject, seen.data, rules, always))
            yield from found
            proven += 0 if found else len(seen.data["expected"])
        if proven:
            yield Proof(
                f"{len(scenarios)} scenarios, {proven} alerts fired as expected and no other",
                samples=proven, services=played.CLOCK, evidence=(Evidence("virtual", "all"),),
            )  # fmt: skip

    def _scenario(
        self, name: str, data: Mapping[str, Any], rules: Mapping[str, Alert], always: Set[str]
    ) -> Iterator[Finding]:
        due = {alert: data["live_at"] + at for alert, at in data["expected"].items()}
        fired = {alert: at for alert, at in data["fired"].items() if at <= data["ends"]}
        for alert, at in sorted(due.items()):
            rule = rules.get(alert)
            where = rule.at("expr") if rule else Position(f"fixtures/scenarios/{name}.yml")
            seen = fired.get(alert)
            if rule is None:
                yield self.finding(where, f"{name} expects {alert}, which no rule file holds")
            elif seen is None:
                where = rule.at("for") if (rule.duration or 0.0) >= at else where
                yield self.finding(where, f"{alert} did not fire in {name}, which is to make it fire: {_asks(rule)}")
            elif seen > at + TOLERANCE_SECONDS:
                late = played.spoken(round(seen - at))
                yield self.finding(rule.at("for"), f"{alert} fired {late} later in {name} than expected: {_asks(rule)}")
            elif data["expected"][alert] and seen < at - TOLERANCE_SECONDS:
                early = played.spoken(round(at - seen))
                yield self.finding(where, f"{alert} fired {early} earlier in {name} than expected: {_asks(rule)}")
        for alert in sorted(set(fired) - set(due) - always):
            rule = rules.get(alert)
            if rule:
                yield self.finding(
                    rule.at("expr"), f"{alert} fired in {name}, where nothing is wrong with it: {_asks(rule)}"
                )


def _asks(rule: Alert) -> str:
    """What a rule asks for, in a few words: its comparisons and its `for`."""
    try:
        compared = [f"{t.operator} {t.bound:g}" for t in thresholds(parse(rule.expr))]
    except PromqlError:
        compared = []
    held = played.spoken(rule.duration or 0.0)
    return f"it asks for {' and '.join(compared) or 'its expression to be true'}, for {held}"
