"""See ConfigNotRead."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Mount
from harness.documents.configuration import Configuration
from harness.documents.deployment import (
    folder_of,
    inside,
)
from harness.model import Finding

_READ = {"prometheus": "--config.file", "alertmanager": "--config.file"}
# Where each product looks when nothing tells it otherwise, from its image's documentation.
_FIXED = {
    "kibana.yml": "/usr/share/kibana/config/kibana.yml",
    "elasticsearch.yml": "/usr/share/elasticsearch/config/elasticsearch.yml",
    "filebeat.yml": "/usr/share/filebeat/filebeat.yml",
}


class ConfigNotRead(Check):
    """A configuration is mounted where the product does not look: it runs with its defaults, or not at all.

    Why: a mount at another path is no error. Bad: `--config.file=/etc/prometheus/prometheus.yml` with the file mounted
    at `/etc/prometheus/prom.yml`. Good: the same path. Fix: correct one of the two.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Follow the flags of Prometheus and Alertmanager, and the fixed places of the others."""
        for service in compose.services:
            product = service.image.partition(":")[0].rpartition("/")[2]
            for word in service.command:
                name, _, path = word.partition("=")
                if _READ.get(product) == name and path and "$" not in path:
                    mount = service.mounted(path)
                    if mount is None and service.mounts and not service.entrypoint:
                        yield self.finding(service.at("command"), f"nothing is mounted at {path}, which {name} names")
                    elif mount and not _there(mount, path, compose, context):
                        yield self.finding(mount.position, f"holds no {path.rpartition('/')[2]}, which {name} names")
            for mount in service.mounts:
                base = posixpath.basename(mount.source)
                fixed = _FIXED.get(base) if product == base.partition(".")[0] else None
                words = " ".join((*service.command, *service.entrypoint))
                if fixed and mount.kind == "bind" and mount.target != fixed and mount.target not in words:
                    yield self.finding(mount.position, f"{product} reads {fixed}, not {mount.target}")


def _there(mount: Mount, path: str, compose: Compose, context: Context) -> bool:
    """Whether the file can be at the path through the mount; what lies outside of the configuration may be."""
    if (
        mount.kind != "bind"
        or mount.source.startswith(("/", "~", "$"))
        or not isinstance(context.documents, Configuration)
    ):
        return True
    folder = folder_of(compose)
    paths = [inside(mount, folder, file) for file in context.documents.files]
    return path in paths or not any(paths)
