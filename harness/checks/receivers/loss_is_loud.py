"""A notification that cannot be delivered is seen to be lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.checks.receivers import recorded
from harness.checks.receivers.recorded import Case
from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

GIVEN_UP = "alertmanager_notifications_failed_total"
REFUSED = "alertmanager_notification_requests_failed_total"


class LossIsLoud(Check):
    """A notification that a receiver refuses for good is counted as failed, told by an alert, and heard elsewhere.

    Why: a page nobody got and nobody misses is the worst outcome. How measured: sinks refuse for good; Alertmanager's
    own counters must show it, an alert of the rules must watch the counter of what was given up, and the alert's other
    channels must have it once. How to fix: alert on `alertmanager_notifications_failed_total`; give critical alerts a
    second channel.
    """

    subject, suite = History, "receivers"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per loss that makes no noise."""
        lost = [case for case in recorded.cases(history) if case.always]
        counted = history.last("alertmanager-figures", recorded.INSTANCE)
        if not lost or counted is None:
            yield Gap("no receiver was made to refuse for good, or Alertmanager was not asked for its counters")
            return
        quiet = list(self._watched(context))
        for case in lost:
            quiet.extend(self._case(history, context, case, counted.data["figures"]))
        yield from quiet
        if not quiet:
            told = [f"{case.name}: {len(recorded.tries(history, case, case.channel))} tries" for case in lost]
            yield Proof(
                f"{len(lost)} channels that refuse for good: counted as failed, the other channels heard it once",
                samples=len(lost),
                services=("alertmanager",),
                evidence=(Evidence("alertmanager-figures", recorded.INSTANCE, ", ".join(told)),),
            )

    def _watched(self, context: Context) -> Iterator[Outcome]:
        rules = context.documents.of(Rules)
        if not any(GIVEN_UP in alert.expr for file in rules for alert in file.alerts):
            where = Position(rules[0].file) if rules else Position("config/prometheus/alert.rules.yml")
            yield self.finding(where, f"no alert watches {GIVEN_UP}, so what is lost is lost in silence")

    def _case(
        self, history: History, context: Context, case: Case, figures: Mapping[str, Mapping[str, float]]
    ) -> Iterator[Outcome]:
        seen = recorded.tries(history, case, case.channel)
        if not seen:
            yield Gap(f"{case.name}: nothing was tried")
            return
        if recorded.taken(seen):
            yield Gap(f"{case.name}: it was delivered, so nothing was lost")
            return
        at_once = not case.retried(case.answers[-1])
        counter = GIVEN_UP if at_once else REFUSED
        if not figures.get(counter, {}).get(case.kind):
            yield self.finding(
                recorded.place(case, context), f"{case.name}: {case.alert} was refused and {counter} does not show it"
            )
        for channel in case.others:
            count = len(recorded.taken(recorded.tries(history, case, channel)))
            if count != 1:
                message = f"{case.name}: {channel} has {case.alert} {count} times, so it is lost altogether or repeated"
                yield self.finding(recorded.place(case, context), message)
