"""See Dangling."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

_MAIN = re.compile(r"(?:^|/)(?:docker-)?compose\.ya?ml$")


class Dangling(Check):
    """A service refers to a service, volume or network that the compose file does not have: nothing starts.

    Why: compose refuses the file. Bad: `depends_on: [elasticsarch]`; `volumes: [data:/data]` without a top-level
    `data`. Good: names that exist. Fix: correct the name, or declare it.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up every reference."""
        # Files are merged when several are given, so a name may come from any of them.
        every = (compose, *(other for other in context.documents.of(Compose) if other.file != compose.file))
        services = {service.name: service for file in reversed(every) for service in file.services}
        volumes = {name for file in every for name in file.volumes}
        networks = {name for file in every for name in file.networks} | {"default"}
        alone = _MAIN.search(compose.file) and "include" not in compose.tree.value
        severity = self.severity if alone else Severity.WARNING
        for service in compose.services:
            yield from self._dependencies(service, services, severity)
            for mount in service.mounts:
                if mount.kind == "volume" and "$" not in mount.source and mount.source not in volumes:
                    message = f"no volume is called {mount.source}{nearest(mount.source, volumes)}"
                    yield self.finding(mount.position, message, severity=severity)
            wanted = service.view["networks"]
            for name in wanted.texts() if isinstance(wanted.value, list) else wanted.entries():
                if name not in networks:
                    message = f"no network is called {name}{nearest(name, networks)}"
                    yield self.finding(service.at("networks"), message, severity=severity)

    def _dependencies(self, service: Service, services: dict[str, Service], severity: Severity) -> Iterable[Finding]:
        for name, condition in service.depends_on.items():
            wanted = services.get(name)
            at = service.at("depends_on")
            if wanted is None:
                message = f"no service is called {name}{nearest(name, services)}"
                yield self.finding(at, message, severity=severity)
            elif condition == "service_healthy" and not wanted.healthcheck and not _elsewhere(wanted):
                message = f"waits for {name} to be healthy, which has no health check here; few images bring one"
                yield self.finding(at, message, severity=Severity.WARNING)


def _elsewhere(service: Service) -> bool:
    """Whether an image that is built, or a service that is extended, may bring a health check."""
    return any(service.view[name] for name in ("build", "extends"))
