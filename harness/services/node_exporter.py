"""node_exporter: this machine's own figures."""

from __future__ import annotations

from pathlib import Path

from harness.contracts import Http, Plan
from harness.model import Level
from harness.services.room import Room, overriding

SERVICE = "node-exporter"
METRICS = "/metrics"


def plan(room: Room, binary: Path, port: int) -> Plan:
    """node_exporter with the compose file's flags; it reads this machine's /proc and /sys, not a container's mounts."""
    host_paths = ("--path.rootfs", "--path.procfs", "--path.sysfs", "--path.udev.data")
    command = tuple(word for word in room.command() if not word.startswith(host_paths))
    flags = room.flags({"--web.listen-address": f"127.0.0.1:{port}"}, "its own port; this machine's own /proc and /sys")
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=(str(binary), *overriding(command, flags)),
        ready=Http(METRICS),
        level=Level.NATIVE,
        port=port,
        folder=room.root,
        overlay=tuple(room.changes),
    )
