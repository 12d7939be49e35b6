"""Filebeat: the real shipper, reading the files that its container would see."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Http, Plan
from harness.documents.tree import load_yaml
from harness.errors import StackError, UnreadableError
from harness.model import Level
from harness.services.outward import require_outputs_stay
from harness.services.room import Room, endpoints

SERVICE = "filebeat"
_LISTED = re.compile(r"^(\s*-\s*[\"']?)(/[^\s\"'#]+)", re.MULTILINE)
_IN_BRACKETS = re.compile(r"^[^#\n]*\bpaths:\s*\[[^\]]*\]", re.MULTILINE)
_ITEM = re.compile(r"([\[,]\s*[\"']?)(/[^\s\"'#,\]]+)")


def plan(room: Room, binary: Path, http_port: int, known: Mapping[str, str], scratch: Path) -> Plan:
    """Filebeat on the configuration under test. Every absolute path in it is looked up in the room, mounted or not."""
    config = config_of(room)
    text = endpoints(config.read_text(encoding="utf-8"), known)
    text = _in_the_room(room, text)
    room.rewrite(config, text, "endpoints; the paths of the container as they are here")
    config.chmod(0o600)
    with contextlib.suppress(UnreadableError):  # Filebeat says best what is wrong with it
        require_outputs_stay(load_yaml(text, room.shown(config), strict=False))
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


def _in_the_room(room: Room, text: str) -> str:
    """The text with the listed paths where they are here, mounted or not, and the mounted ones wherever they stand."""

    def here(listed: re.Match[str]) -> str:
        return listed.group(1) + str(room.path(listed.group(2)))

    text = _LISTED.sub(here, text)
    text = _IN_BRACKETS.sub(lambda paths: _ITEM.sub(here, paths.group()), text)
    lines = text.splitlines(keepends=True)
    return "".join(line if line.lstrip().startswith("#") else room.localise(line) for line in lines)


def config_of(room: Room) -> Path:
    """The configuration under test as it is mounted."""
    for mount in room.deployment.service(SERVICE).mounts:
        path = room.path(mount.target)
        if path.is_file() and "filebeat" in path.name:
            return path
    raise StackError(
        "no filebeat.yml is mounted into the service filebeat", at=room.deployment.service(SERVICE).at("volumes")
    )
