"""See PathNotMounted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Mount, Service
from harness.documents.filebeat import Filebeat
from harness.documents.unknown import nearest
from harness.model import Finding

_DOCKER = "/var/lib/docker/containers"


class PathNotMounted(Check):
    """Filebeat reads a path that is not mounted into it, or to which no other service writes: no line ever arrives.

    Why: a glob without files is no error. Bad: `/var/logs/caredroid/*.log` where the volume is mounted at
    `/var/log/caredroid`. Good: a path on a volume that the application writes to at the same place.
    Fix: correct the path or the mount.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Follow every input path through the volumes of the Filebeat service."""
        for compose in context.documents.of(Compose):
            for service in compose.of_image("filebeat")[:1]:
                for source in filebeat.inputs:
                    for path, position in source.paths if source.enabled else ():
                        why = _unreadable(path, service, compose)
                        if why:
                            yield self.finding(position, why)


def _unreadable(path: str, service: Service, compose: Compose) -> str:
    if not path.startswith("/"):
        return ""
    fixed = re.split(r"[*?\[{$]", path)[0]
    folder = fixed.rstrip("/") if fixed.endswith("/") else posixpath.dirname(fixed)
    mount = service.mounted(folder) or service.mounted(path)
    targets = [m.target for m in service.mounts]
    if mount is None:
        near = nearest(folder, targets)
        return f"{folder} is not mounted into {service.name}{near}"
    if mount.kind != "volume" or folder.startswith(_DOCKER):
        return ""
    return _unwritten(mount, folder, service, compose)


def _unwritten(mount: Mount, folder: str, service: Service, compose: Compose) -> str:
    """A named volume that nobody else writes to, or to a place of it that is another one."""
    writers = [
        (other, m)
        for other in compose.services
        if other is not service
        for m in other.mounts
        if m.kind == "volume" and m.source == mount.source and not m.read_only
    ]
    if not writers:
        return f"no other service writes to the volume {mount.source}, which is mounted at {mount.target}"
    below = posixpath.relpath(folder, mount.target)
    if below == ".":
        return ""
    words = [str(w.view["environment"].value) + str(w.view["command"].value) for w, _ in writers]
    theirs = [posixpath.normpath(posixpath.join(m.target, below)) for _, m in writers]
    if any(path in text for path in theirs for text in words):
        return ""
    roots = [m.target for _, m in writers]
    if any(re.search(rf"{re.escape(root)}(?:['\"\s,]|$)", text) for root in roots for text in words):
        return f"{', '.join(w.name for w, _ in writers)} writes to {roots[0]}, not to {below} below it"
    return ""
