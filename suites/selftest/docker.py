"""What tests that need containers share: a daemon with development images, and whether there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.launchers import daemon
from harness.launchers.container_marks import RUNNER
from suites.selftest.running import PROJECT

SERVICES = ("alertmanager", "elasticsearch", "filebeat", "node-exporter", "prometheus")


def images() -> dict[str, str]:
    """Service → tag, of those that development images are made for."""
    (compose,) = Configuration.load(PROJECT / "config-under-test").of(Compose)
    return {service.name: service.image for service in compose.services if service.name in SERVICES}


def require() -> None:
    """Skip, with the reason, where no daemon answers or an image is not there: what was not run is not proven."""
    found = daemon.ask()
    if not found.answers:
        pytest.skip(f"unknown, not run: {found.silence}")
    if missing := sorted(tag for tag in images().values() if tag not in found.images):
        pytest.skip(f"unknown, not run: no image {', '.join(missing)}; make images")


def left_over(folder: Path) -> list[str]:
    """The containers, networks and volumes of runs that keep their ledgers in a folder."""
    client = daemon.connect(30)
    try:
        wanted = {"filters": {"label": [RUNNER, f"monitoring-stack-harness.ledgers={folder}"]}}
        return [
            *(str(item["Names"][0]) for item in client.api.containers(all=True, **wanted)),
            *(str(item["Name"]) for item in client.api.networks(**wanted)),
            *(str(item["Name"]) for item in client.api.volumes(**wanted)["Volumes"] or ()),
        ]
    finally:
        client.close()
