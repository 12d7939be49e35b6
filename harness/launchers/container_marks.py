"""How everything that a run makes in Docker is marked, and how it is found and removed when the run is gone.

Containers, networks and volumes carry the runner's mark as a label from the moment they are made. There is no reaper
container: it would have to be pulled, and would end with the daemon's own view of the run, not with ours.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.launchers import daemon

RUNNER = "monitoring-stack-harness.runner"
LEDGERS = "monitoring-stack-harness.ledgers"
REMOVE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, by kind."""

    containers: int = 0
    networks: int = 0
    volumes: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was."""
        return bool(self.containers or self.networks or self.volumes)

    def __add__(self, other: Removed) -> Removed:
        return Removed(self.containers + other.containers, self.networks + other.networks, self.volumes + other.volumes)


def labels(mark: str) -> dict[str, str]:
    """The labels of a run whose ledger's mark this is: `pid-started folder`."""
    runner, _, folder = mark.partition(" ")
    return {RUNNER: runner, LEDGERS: folder}


def remove(folder: Path, gone: Callable[[str], bool]) -> Removed:
    """Remove what runners that are gone have left, of those whose ledgers are in this folder. Never raises."""
    where = daemon.address()
    if not where.startswith("unix://") or not Path(where.removeprefix("unix://")).exists():
        return Removed()
    try:
        with contextlib.closing(daemon.connect(REMOVE_SECONDS)) as client:
            return _remove(client, folder, gone)
    except Exception:  # a daemon that does not answer has nothing running; the next sweep asks again
        return Removed()


def _remove(client: Any, folder: Path, gone: Callable[[str], bool]) -> Removed:
    chosen = {"filters": {"label": [RUNNER, f"{LEDGERS}={folder}"]}}

    def theirs(found: dict[str, str] | None) -> bool:
        runner = (found or {}).get(RUNNER, "")
        return bool(runner) and gone(runner)

    containers = [item for item in client.api.containers(all=True, **chosen) if theirs(item.get("Labels"))]
    for item in containers:
        with contextlib.suppress(Exception):  # one that is being removed already is not there the next time
            client.api.remove_container(item["Id"], force=True, v=True)
    networks = [item for item in client.api.networks(**chosen) if theirs(item.get("Labels"))]
    for item in networks:
        with contextlib.suppress(Exception):
            client.api.remove_network(item["Id"])
    volumes = [item for item in client.api.volumes(**chosen)["Volumes"] or () if theirs(item.get("Labels"))]
    for item in volumes:
        with contextlib.suppress(Exception):
            client.api.remove_volume(item["Name"], force=True)
    return Removed(len(containers), len(networks), len(volumes))
