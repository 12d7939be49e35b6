"""The sinks and Alertmanager tell the same times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.alert_latency import lane_of
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

LIMIT_SECONDS = 0.05
COUNT = "alertmanager_notification_latency_seconds_count"
SUM = "alertmanager_notification_latency_seconds_sum"
INTEGRATIONS = {"slack": "slack", "pagerduty": "pagerduty", "smtp": "email"}
"""Sink → Alertmanager's name of what speaks to it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One integration of one Alertmanager: deliveries and mean duration (seconds), as either side tells."""

    instance: str
    integration: str
    alertmanager_count: int
    sink_count: int
    alertmanager_seconds: float
    sink_seconds: float

    @property
    def apart_seconds(self) -> float:
        """By how much the means differ."""
        return abs(self.alertmanager_seconds - self.sink_seconds)

    @property
    def told(self) -> str:
        """Both sides in one line."""
        own, sink = self.alertmanager_seconds * 1000, self.sink_seconds * 1000
        return f"{self.instance} {self.integration} {own:.1f} ms, sink {sink:.1f} ms ({self.sink_count})"


class LatencyAgreement(Check):
    """What the sinks measure agrees with Alertmanager's own figures to 50 ms, and nothing is missing on either side.

    Why: a measurement nobody has checked is an opinion. How measured: each delivery is timed at the sink, from its
    first byte to the end of the answer, and by Alertmanager (`alertmanager_notification_latency_seconds`); counts must
    be equal, means within 50 ms. A delivery's date at the sink lies within the exchange that Alertmanager timed, so its
    mean error is at most Alertmanager's own mean. The machine's clock must not be set meanwhile. How to fix: a
    difference is time on the way or in a busy sink; run it on a quieter machine.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per disagreement; both sides' figures as the proof."""
        compared = tuple(compare(history))
        stepped = clock_step_seconds(history)
        if not compared or stepped is None:
            yield Gap("the sinks' times were not held against Alertmanager's: one side was not recorded")
            return
        where = Position("config/alertmanager/config.yml")
        if abs(stepped) > LIMIT_SECONDS:
            yield self.finding(where, f"the machine's clock was set by {stepped:+.3f} s during the measurement")
        for one in compared:
            name = f"{one.integration} of {one.instance}"
            if one.alertmanager_count != one.sink_count:
                counts = f"Alertmanager counts {one.alertmanager_count} deliveries, the sink {one.sink_count}"
                yield self.finding(where, f"{name}: {counts}")
            elif one.apart_seconds > LIMIT_SECONDS:
                times = f"{one.alertmanager_seconds:.3f} s by Alertmanager, {one.sink_seconds:.3f} s by the sink"
                yield self.finding(where, f"{name}: a delivery takes {times}, more than {LIMIT_SECONDS} s apart")
        worst = max(compared, key=lambda one: one.apart_seconds)
        bound = max(one.alertmanager_seconds for one in compared)
        deliveries = sum(one.sink_count for one in compared)
        yield Proof(
            f"{deliveries} deliveries, sink and Alertmanager at most {worst.apart_seconds * 1000:.1f} ms apart in the "
            f"mean ({worst.integration}); a date at a sink is off by {bound * 1000:.1f} ms at most in the mean, the "
            f"clock moved {stepped * 1000:+.1f} ms",
            samples=deliveries,
            services=("alertmanager",),
            value=round(worst.apart_seconds, 4),
            limit=LIMIT_SECONDS,
            unit="s",
            evidence=(
                Evidence("alertmanager-figures", "all", "; ".join(one.told for one in compared)),
                Evidence("notification-answered", "all"),
                Evidence("clock", "all"),
            ),
        )


def compare(history: History) -> Iterator[Compared]:
    """Both sides of every integration that delivered anything, by Alertmanager."""
    for seen in history.of_kind("alertmanager-figures"):
        lane = lane_of(seen.subject)
        if lane == "receivers":
            continue  # what misbehaves on purpose is no measure
        figures: Mapping[str, Mapping[str, float]] = seen.data["figures"]
        sums: dict[str, list[float]] = {}
        for one in history.of_kind("notification-answered"):
            if one.data["lane"] == lane and one.at <= seen.at:
                sums.setdefault(INTEGRATIONS[one.data["sink"]], []).append(float(one.data["seconds"]))
        for name in sorted({*sums, *figures.get(COUNT, {})}):
            counted, durations = int(figures.get(COUNT, {}).get(name, 0)), sums.get(name, [])
            own = figures.get(SUM, {}).get(name, 0.0) / counted if counted else 0.0
            mean = sum(durations) / len(durations) if durations else 0.0
            yield Compared(seen.subject, name, counted, len(durations), own, mean)


def clock_step_seconds(history: History) -> float | None:
    """By how much the wall clock was set while alerts were followed, against one that only runs; None if unknown."""
    began, ended = history.last("clock", "began"), history.last("clock", "ended")
    if began is None or ended is None:
        return None
    passed = {name: float(ended.data[name]) - float(began.data[name]) for name in ("wall", "monotonic")}
    return passed["wall"] - passed["monotonic"]
