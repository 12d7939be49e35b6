"""See SeverityChannels."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.rules import Rules
from harness.model import Finding


class SeverityChannels(Check):
    """Each severity reaches exactly the channels that were agreed, no more and no fewer.

    Why: `fixtures/routing.yml` says who must hear of what, independently of the route tree. A page that goes to the
    warnings channel wakes nobody. Bad: the critical route names the warnings receiver. Good: its own.
    Fix: correct the route's receiver, the receiver's channel, or the order of routes.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Walk the route tree with each severity, and with each alert's labels."""
        agreed = (context.fixtures.get("routing") or {}).get("severities") or {}
        if alertmanager.route is None:
            return
        for severity, demands in agreed.items():
            wanted = set(demands["channels"])
            for route, labels in _ends(alertmanager, severity, context):
                got = _channels(alertmanager, labels)
                if got == wanted:
                    continue
                yield self.finding(route.receiver_position, _difference(severity, wanted, got))
                break


def _ends(alertmanager: Alertmanager, severity: str, context: Context) -> Iterable[tuple[Route, dict[str, str]]]:
    """Where a bare alert of the severity ends, then each alert of the rules with its fixed labels."""
    label_sets = [{"severity": severity}]
    for rules in context.documents.of(Rules):
        label_sets += [
            {**alert.labels, "alertname": alert.name} for alert in rules.alerts if alert.severity == severity
        ]
    for labels in label_sets:
        for route in alertmanager.destinations(labels)[:1]:
            yield route, labels


def _channels(alertmanager: Alertmanager, labels: dict[str, str]) -> set[str]:
    return set(alertmanager.channels(labels))


def _difference(severity: str, wanted: set[str], got: set[str]) -> str:
    missing, extra = sorted(wanted - got), sorted(got - wanted)
    parts = [f"does not reach {', '.join(missing)}"] if missing else []
    parts += [f"reaches {', '.join(extra)}, which was not agreed"] if extra else []
    return f"an alert of severity {severity} {' and '.join(parts)}"
