"""Notifications arrive within the documented latency of their firing."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.alertmanager import Route
from harness.model import Evidence, Gap, History, Observation, Outcome, Proof
from harness.quantiles import estimate


class Latency(Check):
    """Every alert is in every one of its channels within 5 s of firing, net of the route's configured group_wait.

    Why: minutes count in a clinic. How measured: from the alert's `startsAt` (the evaluation at which Prometheus found
    it firing) to the last byte of the notification at the sink, one machine, one clock; p95 over alerts and channels. A
    configured `group_wait` is a decision, not a delay: it is subtracted, and the total is reported beside it. Alerts
    that fired before Prometheus had discovered its Alertmanager are left out: they measure its resend delay. How to
    fix: look at group_wait, at the receiver's timeouts, at Alertmanager's log.
    """

    subject, suite, baseline = History, "alerting", "alert-latency"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The p95 of the net latency against the baseline."""
        limit = float(context.baseline(self.baseline)["limit"])
        root = recorded.routing(context)
        received = recorded.notifications(history, recorded.MAIN)
        live = [o.at for o in history.of_kind("live") if o.data.get("wave", True)]
        dated = [firing for firing in recorded.firings(history) if not live or firing.starts_at >= max(live)]
        left_out = len(recorded.firings(history)) - len(dated)
        net: list[float] = []
        total: list[float] = []
        slowest = (0.0, "")
        for firing in dated:
            waited = _group_wait(firing, root)
            for channel, at in _first(received, firing).items():
                total.append(at - firing.starts_at)
                net.append(max(0.0, at - firing.starts_at - waited))
                slowest = max(slowest, (net[-1], f"{firing.alert} at {channel}"))
        if not net:
            yield Gap("no notification of a dated alert was received, so no latency was measured")
            return
        p95, median = estimate(net, 0.95), estimate(net, 0.5)
        statement = (
            f"{p95.text()} net of group_wait ({median.text()}, max {max(net):.2f} s, {len(net)} notifications, "
            f"intervals at {min(p95.confidence, median.confidence):.0%}); "
            f"total p95 {recorded.percentile(total, 0.95):.1f} s; {left_out} fired before discovery and are left out"
        )
        if p95.value > limit:
            where = root.at("group_wait") if root else recorded.alerts(context)[0].at()
            yield self.finding(where, f"{statement}, limit {limit:g} s; slowest {slowest[1]}")
        yield Proof(
            statement,
            samples=len(net),
            services=("prometheus", "alertmanager"),
            value=round(p95.value, 4),
            limit=limit,
            unit="s",
            evidence=(Evidence("notification", "lane=main"), Evidence("alert-state", "alertmanager")),
            values=tuple(net),
        )


def _first(received: tuple[Observation, ...], firing: recorded.Firing) -> dict[str, float]:
    """When each channel first named the alert since it fires; what it heard of an earlier firing is not of this one."""
    first: dict[str, float] = {}
    for notification in recorded.naming(received, firing.alert):
        if notification.at >= firing.starts_at:
            first.setdefault(notification.subject, notification.at)
    return first


def _group_wait(firing: recorded.Firing, root: Route | None) -> float:
    """The wait its route configures; Alertmanager's own default of 30 s is resolved by the document."""
    taken = root.destinations(firing.labels) if root else ()
    return (taken[0].group_wait or 0.0) if taken else 0.0
