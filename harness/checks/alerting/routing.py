"""Every alert arrives at exactly the channels that its severity demands."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.alertmanager import Route
from harness.documents.rules import Alert
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof


class Routing(Check):
    """Every alert arrives at exactly the channels its severity demands, and at no other.

    Why: an alert in the wrong channel is not heard. How measured: each alert fires on the unmodified configuration; the
    sinks tell which channels named it. What is demanded is in `fixtures/routing.yml`, independent of Alertmanager's
    configuration. How to fix: correct the route or the receiver named in the finding.
    """

    subject, suite, baseline = History, "alerting", "routing"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The routing matrix, predicted by the specification against observed by the sinks."""
        severities = context.fixtures.get("routing", {}).get("severities", {})
        received = recorded.notifications(history, recorded.MAIN)
        root, cells, misrouted = recorded.routing(context), 0, 0
        all_channels = sorted({channel for entry in severities.values() for channel in entry["channels"]})
        for alert in recorded.alerts(context):
            if not recorded.fired(history, alert.name):
                yield Gap(f"{alert.name} never fired, so nothing is known of where it goes")
                continue
            if alert.severity not in severities:
                yield self.finding(
                    alert.at("labels", "severity"),
                    f"{alert.name} has severity {alert.severity!r}, which routes nowhere known",
                )
                continue
            want = set(severities[alert.severity]["channels"])
            got = {notification.subject for notification in recorded.naming(received, alert.name)}
            cells += len(all_channels)
            if got != want:
                misrouted += len(got ^ want)
                yield self._misrouted(alert, want, got, root)
        if cells:
            alerts = cells // len(all_channels)
            yield Proof(
                f"{alerts} alerts × {len(all_channels)} channels, {misrouted} misrouted",
                samples=cells,
                services=("prometheus", "alertmanager"),
                value=float(misrouted),
                limit=0.0,
                unit="misrouted",
                evidence=(Evidence("notification", "lane=main"),),
            )

    def _misrouted(self, alert: Alert, want: set[str], got: set[str], root: Route | None) -> Finding:
        missing, extra = sorted(want - got), sorted(got - want)
        parts = []
        if missing:
            parts.append(f"did not reach {', '.join(missing)}")
        if extra:
            parts.append(f"went to {', '.join(extra)}")
        where, why = _blame(alert, root)
        return self.finding(
            where, f"{alert.name} (severity {alert.severity}) {' and '.join(parts)}: {why}", also=(alert.at(),)
        )


def _blame(alert: Alert, root: Route | None) -> tuple[Position, str]:
    """The route that takes the alert, as the configuration is written."""
    if root is None:
        return alert.at(), "there is no route tree"
    taken = root.destinations({**alert.labels, "alertname": alert.name})
    if not taken:
        return root.at(), "no route takes it"
    route = taken[0]
    if route.depth == 0:
        return route.receiver_position, f"no route matches, the root sends it to receiver {route.receiver!r}"
    return route.receiver_position, f"its route sends it to receiver {route.receiver!r}"
