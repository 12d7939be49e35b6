"""See DataLost."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity

_KEPT = {
    "prometheus": ("/prometheus", "--storage.tsdb.path", "every sample"),
    "alertmanager": ("/alertmanager", "--storage.path", "silences, and what was said already"),
    "grafana": ("/var/lib/grafana", "", "users and preferences"),
    "elasticsearch": ("/usr/share/elasticsearch/data", "", "every document"),
    "filebeat": ("/usr/share/filebeat/data", "", "how far each file was read: all is sent again"),
}


class DataLost(Check):
    """What a service keeps is in its container: it is gone with the next release.

    Why: `docker compose up` with a new image makes a new container. Bad: Prometheus without a volume at its storage
    path. Good: a named volume there. Fix: mount one.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for a volume at each product's data path."""
        for service in compose.services:
            product = service.image.partition("@")[0].partition(":")[0].rpartition("/")[2]
            if product not in _KEPT or service.view["volumes_from"]:
                continue
            path, flag, what = _KEPT[product]
            for word in service.command:
                name, _, value = word.partition("=")
                path = value if flag and name == flag and value else path
            mount = service.mounted(path)
            if mount is None or mount.kind in ("tmpfs", "anonymous"):
                yield self.finding(service.at(), f"nothing keeps {path}: {what} is lost with the container")
