"""Prometheus: the server, its rules and its past."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.contracts import Http, Plan
from harness.documents.positions import Step, Tree
from harness.documents.tree import load_yaml
from harness.errors import StackError, UnreadableError
from harness.model import Level
from harness.services.outward import require_alerts_stay
from harness.services.room import Room, overriding

SERVICE = "prometheus"
CONFIG_FLAG = "--config.file="
DATA_FLAG = "--storage.tsdb.path="
RESTORING: Mapping[str, str] = {"--rules.alert.for-grace-period": "0s", "--rules.alert.for-outage-tolerance": "1d"}
"""Flags that let pending alerts be restored from a backfilled past at once."""


def flag(command: tuple[str, ...], name: str) -> str:
    """The value of a flag of the command; raises StackError when the command does not set it."""
    for word in command:
        if word.startswith(name):
            return word.removeprefix(name)
    raise StackError(f"the command of {SERVICE} in the compose file does not set {name.rstrip('=')}")


def data_folder(room: Room) -> Path:
    """Where this instance keeps its blocks."""
    return room.here(flag(room.command(), DATA_FLAG))


def plan(
    room: Room, binary: Path, port: int, targets: Mapping[str, str], alertmanagers: Mapping[str, Sequence[str]]
) -> Plan:
    """Prometheus on the configuration under test: its rules, intervals and `for:` untouched.

    `targets` maps the deployment's `host:port` to where it is scraped in this run, `alertmanagers` to where alerts go;
    what is not in them stays as it is written, and fails as it would in production. The two flags that are added let
    pending alerts be restored from a backfilled past at once (Prometheus 3.11 restores at a group's second evaluation).
    """
    command = room.command()
    config = Path(flag(command, CONFIG_FLAG))
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    text = room.localise(rewired(text, targets, alertmanagers))
    room.rewrite(config, text, "endpoints of this run")
    with contextlib.suppress(UnreadableError):  # Prometheus says best what is wrong with it
        require_alerts_stay(load_yaml(text, room.shown(config), strict=False))
    flags = room.flags(
        {"--web.listen-address": f"127.0.0.1:{port}", **RESTORING},
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


def rewired(text: str, targets: Mapping[str, str], alertmanagers: Mapping[str, Sequence[str]]) -> str:
    """The configuration with its endpoints replaced where they stand, everything else to the letter."""
    try:
        tree = load_yaml(text, "prometheus.yml", strict=False)
    except UnreadableError:
        return text  # Prometheus says best what is wrong with it
    edits: list[tuple[int, int, str]] = []
    for path, value in _endpoints(tree):
        here = alertmanagers.get(value, ()) if path[0] == "alerting" else (targets[value],) if value in targets else ()
        span = tree.locator.value(path)
        if here and span:
            before = text[: span.start].rstrip()[-1:]
            indent = " " * (span.start - text.rfind("\n", 0, span.start) - 3)
            between = f"\n{indent}- " if before == "-" else ", "
            edits.append((span.start, span.end, between.join(f'"{address}"' for address in here)))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _endpoints(tree: Tree) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Where each static target of the configuration stands."""
    for section in (("scrape_configs",), ("alerting", "alertmanagers")):
        for i, job in enumerate(_items(tree.get(*section))):
            for j, group in enumerate(_items(job, "static_configs")):
                for k, target in enumerate(_items(group, "targets")):
                    yield (*section, i, "static_configs", j, "targets", k), str(target)


def _items(value: Any, key: str = "") -> list[Any]:
    """The list that a value is, or has under a key; empty when it is or has none."""
    found = (value.get(key) if isinstance(value, dict) else None) if key else value
    return found if isinstance(found, list) else []
