"""See VirtualFatigue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Observation, Outcome, Position, Proof

WHOLE_DAYS = 28.0
"""From how many days on a stretch stands for a month; a shorter one is not judged by its figure."""


class VirtualFatigue(Check):
    """Inhibition spares people the agreed share of messages, an outage's end included, and no cause is lost by it.

    Why: what is muted during an outage may all be told of when it ends; only a timeline that goes on shows that. How
    measured: the same storm, and the same stretch of incidents drawn with the run's seed, with and without
    `inhibit_rules` on the virtual clock: a day in every run, a month for a sign-off. Every alert that is never to be
    muted must be told of in each of its channels each time it fires. How to fix: look at what was told of after the
    end; a source that keeps firing (`keep_firing_for`) until its symptoms have gone mutes them to the last.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The storm, then every stretch."""
        floor = float(context.baseline("alert-fatigue")["limit"])
        seen = False
        for name, both in _both_ways(history.of_kind("virtual"), _storms(history)).items():
            seen = True
            counts = [_per_channel(side.data["messages"]) for side in both]
            yield from self._judge(f"the scenario {name}, to after its end", counts, floor, context)
        for name, both in _both_ways(history.of_kind("stretch")).items():
            seen = True
            yield from self._lost(both[0], context)
            whole = both[0].data["days"] >= WHOLE_DAYS
            yield from self._judge(
                f"{len(both[0].data['incidents'])} incidents in {name}", [s.data["per_channel"] for s in both],
                floor if whole else 0.0, context,
            )  # fmt: skip
        if not seen:
            yield Gap("nothing was played with and without inhibition")

    def _judge(
        self, what: str, counts: list[Mapping[str, int]], floor: float, context: Context
    ) -> Iterator[Finding | Gap | Proof]:
        with_rules, without = (sum(side.values()) for side in counts)
        if not without:
            yield Gap(f"{what}: nothing was told of even without inhibition")
            return
        fewer = 100 * (without - with_rules) / without
        text = f"{what}: {fewer:.0f} % fewer messages, {with_rules} instead of {without} ({_channels(*counts)})"
        if fewer < floor:
            rules = played.inhibit_rules(context)
            where = rules[0].at() if rules else Position("fixtures/baselines.yml")
            yield self.finding(where, f"{text}; agreed are {floor:g} %")
        else:
            yield Proof(text, samples=without, services=played.CLOCK, evidence=(Evidence("stretch", "all"),))

    def _lost(self, seen: Observation, context: Context) -> Iterator[Finding]:
        """Every firing of an alert that is never to be muted, in every channel it is to be heard in."""
        agreed, rules = played.agreed(context), played.alerts(context)
        told = {(alert, at, channel) for alert, at, channel in seen.data["told"]}
        for at, name in seen.data["fired"]:
            entry = agreed.get(rules[name].severity) if name in rules else None
            for channel in sorted(entry.channels) if entry and entry.never_muted else ():
                if not any((name, at + near, channel) in told for near in (-1, 0, 1)):
                    yield self.finding(
                        rules[name].at(),
                        f"{name} fired {at / 3600:.1f} h into the stretch and was never told of in {channel}",
                    )
                    return


def _storms(history: History) -> frozenset[str]:
    """The scenarios that were played both ways."""
    return frozenset(seen.subject for seen in history.of_kind("virtual") if not seen.data["inhibiting"])


def _both_ways(
    played_ones: Iterable[Observation], only: frozenset[str] | None = None
) -> Mapping[str, tuple[Observation, Observation]]:
    found: dict[str, dict[bool, Observation]] = {}
    for seen in played_ones:
        if only is None or seen.subject in only:
            found.setdefault(seen.subject, {})[bool(seen.data["inhibiting"])] = seen
    return {name: (sides[True], sides[False]) for name, sides in found.items() if len(sides) == 2}


def _per_channel(messages: Iterable[Mapping[str, Any]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for message in messages:
        if not message["error"]:
            found[message["channel"]] = found.get(message["channel"], 0) + 1
    return found


def _channels(with_rules: Mapping[str, int], without: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {with_rules.get(name, 0)}/{count}" for name, count in sorted(without.items()))
