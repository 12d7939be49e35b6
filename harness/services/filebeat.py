"""Filebeat: the real shipper, reading the files that its container would see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Http, Plan
from harness.errors import StackError
from harness.model import Level
from harness.services.room import Room, endpoints

SERVICE = "filebeat"
_ABSOLUTE = re.compile(r"^(\s*-\s*[\"']?)(/[^\s\"'#]+)", re.MULTILINE)


def plan(room: Room, binary: Path, http_port: int, known: Mapping[str, str], scratch: Path) -> Plan:
    """Filebeat on the configuration under test. Every absolute path in it is looked up in the room, mounted or not."""
    config = _config(room)
    text = endpoints(config.read_text(encoding="utf-8"), known)
    text = _ABSOLUTE.sub(lambda m: m.group(1) + str(room.path(m.group(2))), text)
    room.rewrite(config, text, "endpoints; the paths of the container as they are here")
    config.chmod(0o600)
    flags = (
        "-e",
        f"--path.home={scratch}",
        f"--path.config={config.parent}",
        f"--path.data={scratch}/data",
        f"--path.logs={scratch}/logs",
        "-E",
        "http.enabled=true",
        "-E",
        "http.host=127.0.0.1",
        "-E",
        f"http.port={http_port}",
    )
    scratch.mkdir(parents=True, exist_ok=True)
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=(str(binary), "-c", str(config), *flags),
        ready=Http("/stats"),
        level=Level.NATIVE,
        port=http_port,
        environment=room.environment(),
        folder=scratch,
        overlay=tuple(room.changes),
    )


def _config(room: Room) -> Path:
    """The configuration under test as it is mounted."""
    for mount in room.deployment.service(SERVICE).mounts:
        path = room.path(mount.target)
        if path.is_file() and "filebeat" in path.name:
            return path
    raise StackError(
        "no filebeat.yml is mounted into the service filebeat", at=room.deployment.service(SERVICE).at("volumes")
    )
