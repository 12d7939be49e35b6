"""See Services."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.unknown import nearest
from harness.model import Finding


class Services(Check):
    """The compose file has the services that the specification lists.

    Why: a service that is missing here is missing in production. Bad: no `node-exporter`. Good: every service of
    `fixtures/inventory.yml`. Fix: add the service, or correct its name.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Subtract the services there are from those listed."""
        wanted = (context.fixtures.get("inventory") or {}).get("services") or ()
        names = [service.name for service in compose.services]
        for name in wanted:
            if name not in names:
                at = compose.tree.key_at("services")
                yield self.finding(at, f"the service {name} is missing{nearest(name, set(names) - set(wanted))}")
