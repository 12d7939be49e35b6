"""See Derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

EXPECTED = {"below": "quiet", "brief": "pending", "fires": "fires", "recovers": "resolves"}
"""What an alert is to do in each case; the others are told of, not judged."""

LATE_SECONDS = 60.0
"""How much later than its `for` an alert may fire: two evaluations, and the restored grid of slower groups."""


class Derived(Check):
    """Every alert does what its own rule says: quiet below its threshold, pending before `for`, then firing, then over.

    Why: an expression can be valid and never true, or true for ever. How measured: the series that the expression reads
    are made to lie just short of its threshold, past it for less than `for`, past it for longer, and short of it again;
    Prometheus's own code evaluates the unmodified rule on a virtual clock. How to fix: the finding names what the alert
    did instead, and the values that were played.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every alert of the rule files, case by case."""
        derived = {seen.subject for seen in history.of_kind("derived")}
        for seen in history.of_kind("underivable"):
            yield Gap(
                f"{seen.subject}: no scenario can be derived: {seen.data['reason']}{_by_hand(seen.subject, history)}"
            )
        proven = 0
        for name in played.alerts(context):
            if name not in derived and not history.of_kind("underivable", name):
                yield Gap(f"{name} was not played")
        for case, wanted in EXPECTED.items():
            for seen, outcome in played.cases(history, case):
                found = list(self._judge(seen.data, played.alerts(context).get(seen.subject), outcome, wanted))
                proven += not found
                yield from found
        if proven:
            yield Proof(
                f"{len(derived)} alerts derived from their expressions, {proven} cases as expected{_missing(history)}",
                samples=proven, services=played.CLOCK, evidence=(Evidence("derived", "all"),),
            )  # fmt: skip

    def _judge(
        self, data: Mapping[str, Any], alert: Alert | None, outcome: Mapping[str, Any], wanted: str
    ) -> Iterator[Finding | Gap]:
        if alert is None:
            return
        what, case, says = outcome["what"], outcome["case"], data["says"]
        if case == "fires" and what != "fires":
            # The values are the harness's own idea of how to make it true; it is not known that they should have.
            yield Gap(f"{alert.name} did not fire although its series were played past its threshold ({says})")
        elif case == "brief" and what == "quiet":
            yield Gap(f"{alert.name}: the brief excursion past its threshold was not seen ({says})")
        elif what != wanted:
            yield self.finding(alert.at("expr"), f"{alert.name} {_did(case, what)} ({says})")
        elif case == "fires" and not data["always"]:
            waited = outcome["firing_at"] - (outcome["pending_at"] or outcome["firing_at"])
            if waited > data["held_seconds"] + LATE_SECONDS:
                held = played.spoken(data["held_seconds"])
                yield self.finding(
                    alert.at("for"), f"{alert.name} fired {waited:.0f} s after it became true, `for` is {held}"
                )


def _did(case: str, what: str) -> str:
    word = {"quiet": "stayed quiet", "pending": "became pending", "fires": "fired", "resolves": "fired and resolved"}
    when = {"below": "just short of its threshold", "brief": "before its `for` was over"}
    if case == "recovers":
        return "goes on firing after its condition is over" if what == "fires" else "was not seen to resolve"
    return f"{word[what]} {when.get(case, case)}"


def _by_hand(name: str, history: History) -> str:
    """What a hand-written scenario shows of an alert that nothing was derived for."""
    shown = [seen.subject for seen in history.of_kind("virtual") if name in seen.data["fired"]]
    return f"; it fires in the scenario {shown[0]}, nothing shows it short of its threshold" if shown else ""


def _missing(history: History) -> str:
    blind = [seen.subject for seen, case in played.cases(history, "missing") if case["what"] == "quiet"]
    return f"; {len(blind)} stay quiet when their metrics are missing" if blind else ""
