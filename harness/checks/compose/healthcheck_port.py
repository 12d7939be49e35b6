"""See HealthcheckPort."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.deployment import (
    listening_ports,
    values,
)
from harness.documents.texts import texts_below
from harness.model import Finding

_LOCAL = re.compile(r"\b(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)")


class HealthcheckPort(Check):
    """A health check asks a port on which the service does not listen: it is unhealthy for ever.

    Why: whatever waits for it never starts. Bad: `localhost:9091` in Prometheus's check. Good: 9090. Fix: correct it.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Compare the ports of each check with those the service publishes, exposes or is known for."""
        settings = values(context.documents)
        for service in compose.services:
            ports = listening_ports(service, settings)
            written = " ".join((*service.command, *(str(value) for value in service.environment.values())))
            for view, text in texts_below(service.healthcheck) if ports and service.healthcheck else ():
                for used in _LOCAL.finditer(text):
                    if int(used[1]) not in ports and used[1] not in written:
                        place = view.inside((), used.start(1), len(used[1]))
                        listed = ", ".join(map(str, sorted(ports)))
                        yield self.finding(place, f"{service.name} does not listen on {used[1]}, but on {listed}")
