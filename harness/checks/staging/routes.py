"""Where the running Alertmanager would send an alert of each severity."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Evidence, Gap, History, Outcome, Proof


class StandingRoutes(Check):
    """The running Alertmanager routes each severity to receivers that reach the channels it demands, and no others.

    Why: an alert in the wrong channel is not heard. How measured: a marked alert of each severity is sent, silenced
    beforehand; Alertmanager names the receivers it would go to, and the configuration under test names their channels.
    What is demanded is in `fixtures/routing.yml`. How to fix: correct the route, or deploy the one that is right.
    """

    subject, suite = History, "staging"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per severity whose channels are not those it demands."""
        severities = context.fixtures.get("routing", {}).get("severities", {})
        for refused in history.of_kind("probe-refused", "alertmanager"):
            yield Gap(refused.data["reason"])
        seen = {probe.subject: probe for probe in history.of_kind("probe-alert")}
        configs = context.documents.of(Alertmanager)
        for severity in sorted(severities):
            if severity not in seen:
                yield Gap(f"no probe of severity {severity} was seen in Alertmanager")
                continue
            receivers = seen[severity].data["receivers"]
            for config in configs[:1]:
                root = config.tree.key_at("route")
                unknown = [name for name in receivers if config.receiver(name) is None]
                if unknown:
                    yield self.finding(root, f"{severity} goes to {', '.join(unknown)}, which is not under test")
                channels = {c for name in receivers if (found := config.receiver(name)) for c in found.channels}
                wanted = set(severities[severity]["channels"])
                if channels != wanted and not unknown:
                    yield self.finding(root, f"{severity} reaches {_list(channels)}; demanded: {_list(wanted)}")
        if seen and configs:
            yield Proof(
                f"{len(seen)} severities routed by the running Alertmanager",
                samples=len(seen),
                services=("alertmanager",),
                evidence=(Evidence("probe-alert", "all"),),
            )


def _list(channels: set[str]) -> str:
    return ", ".join(sorted(channels)) or "nobody"
