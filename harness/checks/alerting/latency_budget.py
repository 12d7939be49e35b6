"""Every step of an alert's way takes no longer than the configuration predicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness import alert_latency
from harness.alert_latency import Budget, Journey
from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.rules import Alert
from harness.model import Evidence, Gap, History, Outcome, Position, Proof
from harness.quantiles import estimate

TOLERATED_SECONDS = 1.0
"""What a busy machine may add to a step: a late evaluation, a slow scrape."""


class LatencyBudget(Check):
    """From the sample that crosses the threshold to the channel, no step takes longer than the configuration predicts.

    Why: who reads `for: 5m` should know when the page comes. How measured: the moments of each alert's way (crossed,
    scraped, pending, firing, at Alertmanager, flushed, in the channel) against scrape interval, evaluation interval,
    `for` in whole evaluations, and `group_wait`, or `group_interval` in a group that was notified before. The first
    steps are seen of alerts whose incident begins live. How to fix: the step is named; look at the server it is spent
    in.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per step over its budget; the totals, predicted and measured, as the proof."""
        journeys = alert_latency.journeys(history)
        budgets = alert_latency.budgets(context.documents)
        alerts = {alert.name: alert for alert in recorded.alerts(context)}
        if not journeys:
            yield Gap("no alert was followed to a channel")
            return
        for journey in journeys:
            if journey.alert in budgets:
                yield from self._over(journey, budgets[journey.alert], journeys, alerts, context)
        whole = [journey for journey in journeys if journey.complete]
        if not whole:
            yield Gap("of no alert was the whole way seen, from the sample to the channel")
            return
        totals = {journey.alert: journey.arrived - (journey.crossed or 0.0) for journey in whole}
        closest = max(totals, key=lambda name: totals[name] / max(budgets[name].total, 1.0))
        yield Proof(
            f"{len(journeys)} ways, {len(totals)} alerts from the sample on; closest to its prediction {closest}: "
            f"{totals[closest]:.1f} s of {budgets[closest].total:.0f} s and delivery",
            samples=len(journeys),
            services=("prometheus", "alertmanager"),
            evidence=(
                Evidence("alert-state", "alertmanager", "; ".join(_told(journeys))),
                Evidence("notification", "lane=main"),
                Evidence("alert-crossing", "all"),
            ),
        )

    def _over(
        self,
        journey: Journey,
        budget: Budget,
        journeys: tuple[Journey, ...],
        alerts: Mapping[str, Alert],
        context: Context,
    ) -> Iterator[Outcome]:
        limits = _limits(journey, budget, journeys, context)
        for step, seconds in journey.steps.items():
            if seconds is None or seconds <= limits[step] + TOLERATED_SECONDS:
                continue
            where = alerts[journey.alert].at() if journey.alert in alerts else Position("config/prometheus.yml")
            message = f"{journey.alert} to {journey.channel}: {_SAID[step]} took {seconds:.1f} s"
            yield self.finding(where, f"{message}, {limits[step]:.1f} s at most are predicted")


_SAID = {
    "scraped": "the scrape after the threshold was crossed",
    "evaluated": "the evaluation after the scrape",
    "held": "`for`",
    "sent": "the way to Alertmanager",
    "grouped": "waiting in its group",
    "delivered": "the delivery",
}


def _limits(journey: Journey, budget: Budget, journeys: tuple[Journey, ...], context: Context) -> Mapping[str, float]:
    """Step → the longest it may take. What the configuration does not set shares the documented latency."""
    documented = float(context.baseline("alert-latency")["limit"])
    group = budget.group_interval if _joins(journey, journeys, context) else budget.group_wait
    return {
        "scraped": budget.scrape,
        "evaluated": budget.evaluation,
        "held": budget.hold,
        "sent": documented,
        "grouped": group,
        "delivered": documented,
    }


def _joins(journey: Journey, journeys: tuple[Journey, ...], context: Context) -> bool:
    """Whether its group had been notified before it came, so that it waits for the group's interval."""
    root = recorded.routing(context)
    routes = root.destinations(journey.labels) if root else ()
    keys = routes[0].group_by if routes else ()
    return any(
        other.instance == journey.instance
        and other.channel == journey.channel
        and other.arrived < (journey.received or journey.firing)
        and all(other.labels.get(key) == journey.labels.get(key) for key in keys)
        for other in journeys
    )


def _told(journeys: tuple[Journey, ...]) -> Iterator[str]:
    """Each step with its p50, p95 and maximum."""
    for step in alert_latency.STEPS:
        seen = [seconds for journey in journeys if (seconds := journey.steps[step]) is not None]
        if seen:
            figures = f"{estimate(seen, 0.5).text()}, {estimate(seen, 0.95).text()}, max {max(seen):.2f} s"
            yield f"{step} {figures} ({len(seen)})"
