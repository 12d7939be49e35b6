"""A receiver that recovers has the notification in the end, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.checks.receivers import recorded
from harness.checks.receivers.recorded import Case
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

TOLERATED_SECONDS = 3.0
"""What a busy machine may add to the predicted delay."""


class Delivered(Check):
    """A receiver that fails, limits, hangs or breaks off for a while gets every notification in the end, once.

    Why: receivers have bad minutes, most of all during an outage. How measured: the sinks misbehave on purpose towards
    the real Alertmanager; deliveries they took are counted, and the delay since the first try is held against what the
    configuration predicts (backoff of Alertmanager, the receiver's `timeout`, the route's `group_interval`). The other
    channels of the same alert must have it once as well. How to fix: give receivers a `timeout`; a shorter
    group_interval brings back sooner what Alertmanager does not retry.
    """

    subject, suite = History, "receivers"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per channel that got nothing or too much or too late; the delays as the proof."""
        tried = [case for case in recorded.cases(history) if not case.always]
        if not tried:
            yield Gap("no receiver was made to misbehave")
        yield from (Gap(reason) for reason in recorded.left_out(history))
        delays: dict[str, float] = {}
        for case in tried:
            yield from self._case(history, context, case, delays)
            for channel in case.others:
                yield from self._count(history, context, case, channel)
        if delays:
            slowest = max(delays, key=lambda name: delays[name])
            told = ", ".join(f"{name} {delay:.1f} s" for name, delay in delays.items())
            yield Proof(
                f"{len(delays)} misbehaviours, each delivered once; slowest {slowest} after {delays[slowest]:.1f} s",
                samples=len(delays),
                services=("alertmanager",),
                value=round(delays[slowest], 3),
                unit="s",
                evidence=(Evidence("notification", "lane=receivers", told),),
            )

    def _case(
        self, history: History, context: Context, case: Case, delays: dict[str, float]
    ) -> Iterator[Finding | Gap]:
        route, integration = recorded.taken_by(case, context)
        if route is None or integration is None:
            yield Gap(f"{case.name}: the configuration no longer sends {case.alert} to {case.channel}")
            return
        seen = recorded.tries(history, case, case.channel)
        provoked = [o for o in seen if not o.data["delivered"]]
        predicted = recorded.predicted_seconds(case, route, recorded.timeout_of(integration))
        if len(provoked) < len(case.answers):
            yield Gap(f"{case.name}: {len(provoked)} of {len(case.answers)} bad answers were given")
            return
        if not recorded.taken(seen):
            window = history.last("receivers-window")
            watched = float(window.data["seconds"]) if window else 0.0
            if predicted is not None and predicted > watched:
                yield Gap(f"{case.name}: tried again after {predicted:.0f} s only, and {watched:.0f} s were watched")
                return
        yield from self._count(history, context, case, case.channel)
        if len(recorded.taken(seen)) != 1:
            return
        delay = recorded.taken(seen)[0].at - seen[0].at
        if predicted is not None and delay > predicted + TOLERATED_SECONDS:
            why = f"delivered after {delay:.1f} s, {predicted:.1f} s at most were predicted"
            yield self.finding(integration.view.at(), f"{case.name}: {why}")
        else:
            delays[case.name] = delay

    def _count(self, history: History, context: Context, case: Case, channel: str) -> Iterator[Finding]:
        count = len(recorded.taken(recorded.tries(history, case, channel)))
        if count != 1:
            times = "was never delivered" if not count else f"was delivered {count} times"
            yield self.finding(recorded.place(case, context), f"{case.name}: {case.alert} {times} to {channel}")
