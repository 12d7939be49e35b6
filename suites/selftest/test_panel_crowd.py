"""Locust's viewers on a real Prometheus: in one process, and as a master with two workers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.dashboards.crowd import LOCUSTFILE, Stage, command, planned, read_loads, read_stages, write_viewing
from harness.errors import UsageError
from harness.launchers.ports import PortLeases
from suites.selftest.panel_world import DASHBOARDS, PROJECT, Served, served

DEADLINE_SECONDS = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("crowd")) as one:
        yield one


@pytest.fixture
def viewing(world: Served, tmp_path: Path) -> Path:
    """Two dashboards on Prometheus, and where it is."""
    root = PROJECT / "config-under-test"
    folder = tmp_path / "configuration"
    for name in (*(f"{DASHBOARDS}/{uid}.json" for uid in ("api-performance", "user-activity")),
                 "config/grafana/provisioning/datasources/prometheus.yml"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text((root / name).read_text(encoding="utf-8"), encoding="utf-8")
    where = {"prometheus": {"url": world.url}, "player": {"url": world.player}}
    return write_viewing(tmp_path / "viewing.json", folder, where)


def test_stages_are_read_and_planned() -> None:
    assert read_stages("1x10,20x2.5") == (Stage(1, 10), Stage(20, 2.5))
    with pytest.raises(UsageError, match="not stages"):
        read_stages("many")
    fixture = {"viewers": {"plain": [{"viewers": 5, "seconds": 12}], "thorough": [{"viewers": 20, "seconds": 22}]}}
    assert planned(fixture, thorough=False) == (Stage(5, 12),) and planned(fixture, thorough=True) == (Stage(20, 22),)
    assert planned({}, thorough=True) == (Stage(5, 12),)


@pytest.mark.stack
def test_viewers_come_in_stages_and_every_load_is_told(viewing: Path, tmp_path: Path) -> None:
    loads = tmp_path / "loads.ndjson"
    argv = command(viewing, (Stage(1, 2), Stage(4, 3)), loads)
    subprocess.run(argv, check=True, capture_output=True, timeout=DEADLINE_SECONDS)
    seen = read_loads(loads)
    assert {load["viewers"] for load in seen} == {1, 4} and len(seen) >= 4
    assert {load["dashboard"] for load in seen} == {"api-performance", "user-activity"}
    assert all(load["errors"] == 0 and load["with_data"] == load["panels"] and load["seconds"] > 0 for load in seen)


@pytest.mark.stack
@pytest.mark.slow
def test_a_master_and_two_workers_share_the_viewers(viewing: Path, tmp_path: Path) -> None:
    ports = PortLeases(tmp_path / "ports")
    port, loads = str(ports.lease()), tmp_path / "loads.ndjson"
    common = (sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), f"--viewing={viewing}", f"--loads={loads}")
    master = (*common, "--headless", "--only-summary", "--stages=4x5", "--master", "--expect-workers=2",
              "--master-bind-host=127.0.0.1", f"--master-bind-port={port}")  # fmt: skip
    worker = (*common, "--worker", "--master-host=127.0.0.1", f"--master-port={port}")
    running = [
        subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for argv in (master, worker, worker)
    ]
    try:
        codes = [process.wait(DEADLINE_SECONDS) for process in running]
    finally:
        for process in running:
            process.kill()
            process.communicate()
        ports.release()
    assert codes == [0, 0, 0]
    parts = sorted(tmp_path.glob("loads.ndjson.*"))
    assert len(parts) == 2 and all(part.read_text(encoding="utf-8") for part in parts)
    assert len(read_loads(loads)) >= 4


def test_importing_the_harness_leaves_sockets_and_threads_alone() -> None:
    text = "import harness.dashboards.crowd, socket, sys; print('gevent' in sys.modules, 'locust' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["False", "False"]
