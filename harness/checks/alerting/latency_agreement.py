"""The sinks and Alertmanager tell the same times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.alert_latency import clock_step_seconds, compare
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

CLOCK_SECONDS = 0.05
SHARE = 0.1
"""Of the latency's limit: what both sides may differ by. All but the way back of the answer is in the latency."""


class LatencyAgreement(Check):
    """What the sinks measure agrees with Alertmanager's own figures, and nothing is missing on either side.

    Why: a measurement nobody has checked is an opinion. How measured: each delivery is timed at the sink, from its
    first byte to the end of the answer, and by Alertmanager (`alertmanager_notification_latency_seconds`); counts must
    be equal, means no further apart than a tenth of the limit of the latency, for more could change its verdict. What
    they do differ by is connecting and shaking hands, which a busy machine stretches. A delivery's date at the sink
    lies within the exchange that Alertmanager timed, so its mean error is at most Alertmanager's own mean. The
    machine's clock must not be set meanwhile. How to fix: a difference is time on the way or in a busy sink; run it on
    a quieter machine.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per disagreement; both sides' figures as the proof."""
        compared = tuple(compare(history))
        stepped = clock_step_seconds(history)
        if not compared or stepped is None:
            yield Gap("the sinks' times were not held against Alertmanager's: one side was not recorded")
            return
        limit = SHARE * float(context.baseline("alert-latency")["limit"])
        where = Position("config/alertmanager/config.yml")
        if abs(stepped) > CLOCK_SECONDS:
            yield self.finding(where, f"the machine's clock was set by {stepped:+.3f} s during the measurement")
        for one in compared:
            name = f"{one.integration} of {one.instance}"
            if one.alertmanager_count != one.sink_count:
                counts = f"Alertmanager counts {one.alertmanager_count} deliveries, the sink {one.sink_count}"
                yield self.finding(where, f"{name}: {counts}")
            elif one.apart_seconds > limit:
                times = f"{one.alertmanager_seconds:.3f} s by Alertmanager, {one.sink_seconds:.3f} s by the sink"
                yield self.finding(where, f"{name}: a delivery takes {times}, more than {limit:g} s apart")
        for lane, dropped in _dropped(history):
            lost = f"{lane} dropped {dropped:.0f} alerts before they reached Alertmanager"
            yield self.finding(Position("config/prometheus.yml"), lost)
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
            limit=limit,
            unit="s",
            evidence=(
                Evidence("alertmanager-figures", "all", "; ".join(one.told for one in compared)),
                Evidence("prometheus-figures", "all", _sent(history)),
                Evidence("notification-answered", "all"),
                Evidence("clock", "all"),
            ),
        )


def _dropped(history: History) -> Iterator[tuple[str, float]]:
    """Each Prometheus that gave up alerts, and how many: it counts them itself."""
    for seen in history.of_kind("prometheus-figures"):
        if dropped := float(seen.data["figures"]["prometheus_notifications_dropped_total"]):
            yield seen.subject, dropped


def _sent(history: History) -> str:
    """How many alerts Prometheus sent, and how long a request to Alertmanager took it, in the mean."""
    figures = [seen.data["figures"] for seen in history.of_kind("prometheus-figures")]
    requests = sum(one["prometheus_notifications_latency_seconds_count"] for one in figures)
    seconds = sum(one["prometheus_notifications_latency_seconds_sum"] for one in figures)
    sent = sum(one["prometheus_notifications_sent_total"] for one in figures)
    mean = f", {seconds / requests * 1000:.1f} ms each" if requests else ""
    return f"{sent:.0f} alerts sent by {len(figures)} Prometheus servers in {requests:.0f} requests{mean}"
