"""See Apart."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.model import Finding


class Apart(Check):
    """A service depends on another with which it shares no network: it starts, and cannot reach it.

    Why: containers find each other on a common network only. Bad: `networks: [front]` depends on `networks: [back]`.
    Good: one in common. Fix: add the network.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Compare the networks along every dependency."""
        for service in compose.services:
            for name in service.depends_on:
                other = compose.service(name)
                if other is None or service.view["network_mode"] or other.view["network_mode"]:
                    continue
                if not _networks(service) & _networks(other):
                    message = f"shares no network with {name}, on which it depends"
                    yield self.finding(service.at("networks"), message)


def _networks(service: Service) -> set[str]:
    view = service.view["networks"]
    names = view.texts() if isinstance(view.value, list) else tuple(view.entries())
    return set(names) or {"default"}
