"""See UnknownTarget."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.deployment import listening_ports, services, spells_port, values
from harness.documents.prometheus import Prometheus, Target
from harness.documents.unknown import nearest
from harness.model import Finding


class UnknownTarget(Check):
    """A scrape or Alertmanager target that no service of the compose file answers at.

    Why: containers find each other by service name; a wrong one is a target that is down for ever, or alerts that go
    nowhere. Bad: `alertmanagr:9093`, or a port the service does not listen on. Good: service name and container port.
    Fix: use the compose file's name and the port inside of the container, not the published one.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look up the host and port of every static target."""
        known = services(context.documents)
        settings = values(context.documents)
        if not known:
            return
        for target in (*prometheus.alertmanagers, *(t for job in prometheus.jobs for t in job.targets)):
            if target.host in ("localhost", "127.0.0.1", "host.docker.internal") or not _plain(target):
                continue
            service = known.get(target.host)
            if service is None:
                if "." in target.host or "/" in target.host:
                    continue
                hint = nearest(target.host, known)
                yield self.finding(target.position, f"no service of the compose file is called {target.host}{hint}")
                continue
            ports = listening_ports(service, settings)
            if target.port and ports and target.port not in ports and not spells_port(service, target.port):
                listed = ", ".join(map(str, sorted(ports)))
                yield self.finding(target.position, f"{target.host} does not listen on {target.port}, but on {listed}")


def _plain(target: Target) -> bool:
    return "$" not in target.address and "{" not in target.address
