"""Where a notification's time went, step by step, and the same deliveries as Alertmanager timed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness import alert_latency
from harness.alert_latency import Budget, Compared, Journey
from harness.model import History
from harness.quantiles import Estimate, estimate

SAID = {
    "scraped": "crossed → scraped",
    "evaluated": "scraped → pending",
    "held": "pending → firing",
    "sent": "firing → at Alertmanager",
    "grouped": "at Alertmanager → flushed",
    "delivered": "flushed → in the channel",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step over all alerts, in seconds; `predicted` is the longest any alert's configuration allows it."""

    name: str
    samples: int
    middle: Estimate
    high: Estimate
    longest: float
    predicted: float | None


@dataclass(frozen=True, slots=True)
class Way:
    """One alert that was followed from the sample to the channel: the seconds of each step, and their sum."""

    alert: str
    channel: str
    steps: tuple[float, ...]
    total: float
    predicted: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Steps, the alerts whose whole way was seen, both sides' figures, and how far the clock was set (seconds)."""

    steps: tuple[Step, ...]
    ways: tuple[Way, ...]
    sides: tuple[Compared, ...]
    clock: float | None


def latency(history: History) -> Latency | None:
    """What was recorded of it; None when no alert was followed to a channel."""
    journeys = alert_latency.journeys(history)
    if not journeys:
        return None
    budgets = {o.subject: Budget(**o.data) for o in history.of_kind("alert-budget")}
    steps = tuple(step for name in alert_latency.STEPS if (step := _step(name, journeys, budgets)))
    ways = tuple(_way(journey, budgets) for journey in journeys if journey.complete)
    sides = tuple(alert_latency.compare(history))
    return Latency(steps, ways, sides, alert_latency.clock_step_seconds(history))


def _step(name: str, journeys: tuple[Journey, ...], budgets: Mapping[str, Budget]) -> Step | None:
    seen = [seconds for journey in journeys if (seconds := journey.steps[name]) is not None]
    if not seen:
        return None
    allowed = [_allowed(name, budgets[j.alert]) for j in journeys if j.alert in budgets and j.steps[name] is not None]
    known = [one for one in allowed if one is not None]
    middle, high = estimate(seen, 0.5), estimate(seen, 0.95)
    return Step(SAID[name], len(seen), middle, high, max(seen), max(known, default=None))


def _allowed(name: str, budget: Budget) -> float | None:
    """The longest the configuration lets a step take; None where it sets nothing."""
    set_by = {
        "scraped": budget.scrape,
        "evaluated": budget.evaluation,
        "held": budget.hold,
        "grouped": budget.group_wait,
    }
    return set_by.get(name)


def _way(journey: Journey, budgets: Mapping[str, Budget]) -> Way:
    seconds = tuple(journey.steps[name] or 0.0 for name in alert_latency.STEPS)
    budget = budgets.get(journey.alert)
    return Way(journey.alert, journey.channel, seconds, sum(seconds), budget.total if budget else None)
