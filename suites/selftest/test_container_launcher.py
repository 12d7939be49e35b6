"""Containers on a real daemon: what comes up, what a person is told when it does not, and that nothing is left."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from harness.contracts import ContainerPlan, Healthcheck, Http, Mounted
from harness.errors import StackError
from harness.launchers.container import ContainerLauncher
from harness.launchers.ledger import Ledger, sweep
from harness.launchers.ports import PortLeases
from harness.model import Level
from suites.selftest import docker

pytestmark = pytest.mark.stack
PASSES = Healthcheck(("CMD", "true"), interval=1, timeout=1, retries=2, start_period=0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    docker.require()
    yield Ledger(tmp_path / "state")


@pytest.fixture
def launcher(tmp_path: Path, ledger: Ledger) -> Iterator[ContainerLauncher]:
    made = ContainerLauncher(tmp_path / "logs", ledger)
    yield made
    made.close()
    assert docker.left_over(tmp_path / "state" / "runs") == []


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    leases = PortLeases(tmp_path / "ports")
    yield leases.lease()
    leases.release()


def exporter(port: int, **other: object) -> ContainerPlan:
    plan = ContainerPlan(
        name="web-1",
        service="web",
        image=docker.images()["node-exporter"],
        level=Level.NATIVE,
        ready=Http("/metrics"),
        published={"9100/tcp": port},
        port=port,
        health=PASSES,
        deadline_seconds=20,
    )
    return replace(plan, **other)  # type: ignore[arg-type]


def shell(port: int, script: str, **other: object) -> ContainerPlan:
    return exporter(port, entrypoint=("/bin/sh", "-c", script), **other)


class TestAnInstance:
    def test_answers_at_its_port_writes_its_log_and_ends(self, launcher, port, tmp_path):
        instance = launcher.launch(exporter(port))
        try:
            assert requests.get(f"{instance.url}/metrics", timeout=5).ok
            assert instance.alive() and instance.boot_seconds > 0
            assert "Listening on" in instance.log_tail()
        finally:
            instance.stop()
        assert not instance.alive()
        assert "Listening on" in (tmp_path / "logs" / "web-1.log").read_text(encoding="utf-8")
        instance.stop()

    def test_one_that_is_killed_says_so(self, launcher, port):
        instance = launcher.launch(exporter(port))
        try:
            instance.kill()
            assert not instance.alive()
            assert "SIGKILL" in instance.exit_status()
        finally:
            instance.stop()

    def test_reaches_this_machine_by_the_gateway_and_others_by_name(self, launcher, port, tmp_path):
        leases = PortLeases(tmp_path / "ports")
        served = ThreadingHTTPServer((launcher.gateway(), 0), SimpleHTTPRequestHandler)
        threading.Thread(target=served.serve_forever, daemon=True).start()
        here = f"http://{launcher.gateway()}:{served.server_address[1]}/"
        script = f"curl -sSf {here} http://web:9100/ > /tmp/page && exec busybox httpd -f -p 9100 -h /tmp"
        # Not the other images' wget: a static busybox of Debian crashes on a name that is not in /etc/hosts.
        other = {"name": "web-2", "image": docker.images()["elasticsearch"], "ready": Http("/page")}
        started = [launcher.launch(exporter(port, aliases=("web",)))]
        try:
            started.append(launcher.launch(shell(leases.lease(), script, **other)))
            assert started[1].alive()
        finally:
            for instance in started:
                instance.stop()
            leases.release()
            served.shutdown()
            served.server_close()

    def test_contents_are_there_before_it_starts_also_under_a_read_only_root(self, launcher, port, tmp_path):
        given = tmp_path / "given"
        (given / "deep").mkdir(parents=True)
        (given / "deep" / "file").write_text("as given", encoding="utf-8")
        instance = launcher.launch(
            shell(
                port,
                "grep -q 'as given' /prometheus/deep/file && echo more >> /prometheus/deep/file && exec node_exporter",
                mounts=(Mounted("volume", "data", "/prometheus"),),
                contents={"/prometheus": given},
                options={"read_only": True},
            )
        )
        instance.stop()


class TestWhatAPersonIsTold:
    def test_a_container_that_exits_at_once(self, launcher, port):
        with pytest.raises(StackError) as refused:
            launcher.launch(shell(port, "echo the last words; exit 7"))
        assert "web-1 exited with status 7 before it was ready" in refused.value.message
        assert "the last words" in refused.value.hint

    def test_a_program_that_is_not_in_the_image(self, launcher, port):
        with pytest.raises(StackError, match="no-such-program"):
            launcher.launch(exporter(port, entrypoint=("/no-such-program",)))

    def test_an_image_that_is_missing(self, launcher, port, monkeypatch):
        with pytest.raises(StackError, match=r"the image nobody/made-this:0 is not on this machine") as refused:
            launcher.launch(exporter(port, image="nobody/made-this:0"))
        assert "docker pull nobody/made-this:0" in refused.value.hint

    def test_a_port_that_is_taken(self, launcher, port):
        with socket.socket() as taken:
            # A test before this one may have left connections of this port in TIME_WAIT.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            with pytest.raises(StackError, match="web-1: a port is taken") as refused:
                launcher.launch(exporter(port))
        assert str(port) in refused.value.hint

    def test_a_disk_that_is_full(self, launcher, port):
        with pytest.raises(StackError) as refused:
            launcher.launch(
                shell(
                    port,
                    "dd if=/dev/zero of=/data/full bs=1k count=100",
                    mounts=(Mounted("tmpfs", "", "/data", "size=16k,mode=1777"),),
                )
            )
        assert "No space left on device" in refused.value.hint
        assert "the disk is full" in refused.value.message

    def test_a_published_port_where_nothing_listens(self, launcher, port):
        with pytest.raises(StackError, match="web-1 to be ready") as refused:
            launcher.launch(exporter(port, published={"9999/tcp": port}, deadline_seconds=2))
        assert "Listening on" in refused.value.hint

    def test_a_health_check_that_never_passes(self, launcher, port):
        health = replace(PASSES, test=("CMD-SHELL", "echo it will never pass; false"))
        began = time.monotonic()
        with pytest.raises(StackError, match=r"health check .*status 1: it will never pass"):
            launcher.launch(exporter(port, health=health))
        assert time.monotonic() - began < 15

    def test_a_limit_of_memory_that_is_too_low(self, launcher, port):
        with pytest.raises(StackError, match="more memory than its limit"):
            launcher.launch(
                shell(port, "head -c 100m /dev/zero | tail", options={"mem_limit": "16m", "memswap_limit": "16m"})
            )


class TestSweeping:
    def test_what_a_dead_runner_left_is_removed_and_a_living_ones_is_not(self, launcher, ledger, port, tmp_path):
        instance = launcher.launch(exporter(port, mounts=(Mounted("volume", "data", "/data"),)))
        folder = tmp_path / "state"
        assert not sweep(folder), "its runner is this process, which lives"
        assert instance.alive()
        dead = subprocess.run([sys.executable, "-c", _LEAVES, str(folder), str(tmp_path)], check=False, timeout=60)
        assert dead.returncode == -9
        assert len(docker.left_over(folder / "runs")) >= 5
        swept = sweep(folder)
        assert (swept.containers, swept.networks, swept.volumes) == (1, 1, 1)
        assert "1 containers, 1 networks and 1 volumes" in str(swept)
        assert instance.alive()
        instance.stop()


_LEAVES = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, os.getcwd())
from harness.contracts import Mounted
from harness.launchers.container import ContainerLauncher
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from suites.selftest.test_container_launcher import exporter
folder, logs = Path(sys.argv[1]), Path(sys.argv[2]) / "others"
port = PortLeases(logs / "ports").lease()
launcher = ContainerLauncher(logs, Ledger(folder))
launcher.launch(exporter(port, mounts=(Mounted("volume", "data", "/data"),)))
os.kill(os.getpid(), signal.SIGKILL)
"""
