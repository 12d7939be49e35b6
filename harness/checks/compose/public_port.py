"""See PublicPort."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity

# Products that let everybody in who can reach the port, unless told otherwise.
_OPEN = ("prometheus", "alertmanager", "elasticsearch", "node-exporter", "pushgateway", "logstash", "kibana")


class PublicPort(Check):
    """A service that asks nobody for a password is published on every interface.

    Why: Docker's port rules come before the host's firewall. Bad: `ports: ["9090:9090"]` for Prometheus.
    Good: `127.0.0.1:9090:9090` behind a proxy, or no port at all. Fix: bind it to loopback.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look at the ports of such products."""
        for service in compose.services:
            product = service.image.partition("@")[0].partition(":")[0].rpartition("/")[2]
            for port in service.ports if product in _OPEN else ():
                if port.host and port.host_ip in ("", "0.0.0.0", "::"):
                    yield self.finding(port.position, f"{product} is open to everybody who reaches the host")
