"""Inhibition spares people the documented share of notifications."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Fatigue(Check):
    """The same outage sends at least 40 % fewer notifications with the inhibition rules than without.

    Why: a channel that screams is not read. How measured: one storm, one Prometheus, two Alertmanagers in the same run,
    the second with `inhibit_rules` removed; notifications counted at the sinks. How to fix: look at which alerts of the
    storm are symptoms and are not inhibited, and at the `equal` labels of the rules.
    """

    subject, suite, baseline = History, "alerting", "alert-fatigue"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Notifications with inhibition against those without."""
        with_rules = len(recorded.notifications(history, "storm"))
        without = len(recorded.notifications(history, "plain"))
        if not without:
            yield Gap("the storm led to no notification even without inhibition, so there is nothing to compare")
            return
        limit = float(context.baseline(self.baseline)["limit"])
        spared = 100.0 * (without - with_rules) / without
        statement = f"{spared:.0f} % fewer: {with_rules} notifications with inhibition, {without} without"
        if spared < limit:
            yield self.finding(_inhibition(context), f"{statement}; the baseline is {limit:g} %")
        yield Proof(
            statement,
            samples=with_rules + without,
            services=("prometheus", "alertmanager"),
            value=round(spared, 2),
            limit=limit,
            unit="%",
            evidence=(Evidence("notification", "lane=storm"), Evidence("notification", "lane=plain")),
        )


def _inhibition(context: Context) -> Position:
    for config in context.documents.of(Alertmanager):
        return config.tree.key_at("inhibit_rules")
    return Position("config/alertmanager/config.yml")
