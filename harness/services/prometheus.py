"""Prometheus: the server, its rules and its past."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Http, Plan
from harness.errors import StackError
from harness.model import Level
from harness.services.room import Room, endpoints, overriding

SERVICE = "prometheus"
CONFIG_FLAG = "--config.file="
DATA_FLAG = "--storage.tsdb.path="


def flag(command: tuple[str, ...], name: str) -> str:
    """The value of a flag of the command; raises StackError when the command does not set it."""
    for word in command:
        if word.startswith(name):
            return word.removeprefix(name)
    raise StackError(f"the command of {SERVICE} in the compose file does not set {name.rstrip('=')}")


def data_folder(room: Room) -> Path:
    """Where this instance keeps its blocks."""
    return Path(flag(room.command(), DATA_FLAG))


def plan(room: Room, binary: Path, port: int, known: Mapping[str, str]) -> Plan:
    """Prometheus on the configuration under test: its rules, intervals and `for:` untouched.

    `known` maps the deployment's `host:port` to where it listens in this run. The two flags that are added let pending
    alerts be restored from a backfilled past at once (Prometheus 3.11 restores at a group's second evaluation).
    """
    command = room.command()
    config = Path(flag(command, CONFIG_FLAG))
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    room.rewrite(config, endpoints(room.localise(text), known), "endpoints of this run")
    flags = room.flags(
        {
            "--web.listen-address": f"127.0.0.1:{port}",
            "--rules.alert.for-grace-period": "0s",
            "--rules.alert.for-outage-tolerance": "1d",
        },
        "its own port; pending alerts restored from the backfilled past",
    )
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=(str(binary), *overriding(command, flags)),
        ready=Http("/-/ready"),
        level=Level.NATIVE,
        port=port,
        folder=room.root,
        overlay=tuple(room.changes),
    )
