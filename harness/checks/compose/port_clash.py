"""See PortClash."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Port
from harness.documents.deployment import values
from harness.documents.substitution import substitute
from harness.model import Finding


class PortClash(Check):
    """Two services publish the same port of the host: the second does not start.

    Why: a port can be bound once. Bad: Grafana and the backend both publish 3000. Good: `3001:3000` for one of them.
    Fix: publish another port.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Compare every published port."""
        settings = values(context.documents)
        taken: dict[tuple[str, str], tuple[str, Port]] = {}
        for service in compose.services:
            for port in service.ports:
                host = substitute(port.host, settings)
                if not host.isdigit():
                    continue
                first = taken.setdefault((host, port.protocol), (service.name, port))
                if first[1] is not port and _same_address(first[1], port):
                    message = f"{first[0]} publishes port {host} already"
                    yield self.finding(port.position, message, also=[first[1].position])


def _same_address(first: Port, second: Port) -> bool:
    return first.host_ip == second.host_ip or "" in (first.host_ip, second.host_ip)
