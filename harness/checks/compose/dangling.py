"""See Dangling."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.documents.unknown import nearest
from harness.model import Finding


class Dangling(Check):
    """A service refers to a service, volume or network that the compose file does not have: nothing starts.

    Why: compose refuses the file. Bad: `depends_on: [elasticsarch]`; `volumes: [data:/data]` without a top-level
    `data`. Good: names that exist. Fix: correct the name, or declare it.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up every reference."""
        names = [service.name for service in compose.services]
        for service in compose.services:
            yield from self._dependencies(service, compose, names)
            for mount in service.mounts:
                if mount.kind == "volume" and "$" not in mount.source and mount.source not in compose.volumes:
                    hint = nearest(mount.source, compose.volumes)
                    yield self.finding(mount.position, f"no volume is called {mount.source}{hint}")
            networks = service.view["networks"]
            for name in networks.texts() if isinstance(networks.value, list) else networks.entries():
                if name not in compose.networks and name != "default":
                    hint = nearest(name, compose.networks)
                    yield self.finding(service.at("networks"), f"no network is called {name}{hint}")

    def _dependencies(self, service: Service, compose: Compose, names: list[str]) -> Iterable[Finding]:
        for name, condition in service.depends_on.items():
            wanted = compose.service(name)
            at = service.at("depends_on")
            if wanted is None:
                yield self.finding(at, f"no service is called {name}{nearest(name, names)}")
            elif condition == "service_healthy" and not wanted.healthcheck:
                yield self.finding(at, f"waits for {name} to be healthy, which has no health check in this file")
