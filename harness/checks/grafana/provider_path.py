"""See ProviderPath."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.dashboard import Dashboard
from harness.documents.deployment import folder_of, inside
from harness.documents.grafana import Providers
from harness.model import Finding


class ProviderPath(Check):
    """A provider reads dashboards from a folder in which none is mounted: Grafana starts without them.

    Why: an empty folder is no error. Bad: `path: /var/lib/grafana/dashboards` while they are mounted below
    `/etc/grafana/provisioning`. Good: the path inside of the container. Fix: correct the path or the mount.
    """

    subject = Providers

    def examine(self, providers: Providers, context: Context) -> Iterable[Finding]:
        """Follow the volumes of the Grafana service."""
        dashboards = [dashboard.file for dashboard in context.documents.of(Dashboard)]
        for compose in context.documents.of(Compose) if dashboards else ():
            for service in compose.of_image("grafana")[:1]:
                folder = folder_of(compose)
                found = {path for file in dashboards for m in service.mounts if (path := inside(m, folder, file))}
                for provider in providers.providers:
                    wanted = provider.path.rstrip("/") + "/"
                    if provider.path and found and not any(path.startswith(wanted) for path in found):
                        somewhere = sorted(path.rpartition("/")[0] for path in found)[0]
                        message = f"no dashboard is mounted below {provider.path}; there are some in {somewhere}"
                        yield self.finding(provider.at("options", "path"), message)
