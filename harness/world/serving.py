"""Starts an Elasticsearch on a copy of a world, apart from any stack: for benchmarks, and to try things out on."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Http, Plan
from harness.launchers.ledger import Ledger, state_folder
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Level
from harness.services import elasticsearch
from harness.services.elasticsearch_access import Access
from harness.services.room import Room
from harness.world.build import Ground
from harness.world.store import BuiltWorld, Worlds


@dataclass(frozen=True, slots=True)
class Served:
    """An Elasticsearch that answers: where, for whom, on which copy, and how long it took to come up."""

    url: str
    access: Access
    folder: Path
    boot_seconds: float


@contextlib.contextmanager
def serving(ground: Ground, world: BuiltWorld, worlds: Worlds | None = None) -> Iterator[Served]:
    """Serve a world until left; the copy is removed. Raises SetUpError or StackError."""
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    scratch = ledger.new_folder("harness-world-", others_pass=True)
    try:
        copy = scratch / "copy"
        (worlds or Worlds()).copy(world, copy)
        access, tools = ground.access(), ground.toolchain
        room = Room(ground.deployment(), "elasticsearch", "elasticsearch-world", scratch / "room", scratch / "volumes")
        plan = elasticsearch.plan(
            room,
            tools.elasticsearch_home,
            tools.java_home,
            access,
            ports.lease(),
            ports.lease(),
            scratch / "es",
            copy / "elasticsearch",
        )
        instance = ProcessLauncher(scratch / "logs", ledger).launch(plan)
        try:
            yield Served(instance.url, access, copy, instance.boot_seconds)
        finally:
            instance.stop()
    finally:
        ledger.close()
        ports.release()
        shutil.rmtree(scratch, ignore_errors=True)


def prometheus_plan(binary: Path, blocks: Path, port: int, scratch: Path, name: str) -> Plan:
    """A Prometheus on the blocks of a world, which scrapes nothing, evaluates nothing and forgets nothing."""
    scratch.mkdir(parents=True, exist_ok=True)
    empty = scratch / "empty.yml"
    empty.write_text("{}\n", encoding="utf-8")
    return Plan(
        name=name,
        service="prometheus",
        argv=(
            str(binary),
            f"--config.file={empty}",
            f"--storage.tsdb.path={blocks}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--storage.tsdb.retention.time=10y",
        ),
        ready=Http("/-/ready"),
        level=Level.NATIVE,
        port=port,
        folder=scratch,
    )
