"""How long the 30-day world takes: built from nothing, found again, copied, and until Elasticsearch answers.

Builds in a cache of its own, with the components that are set up; prints medians and the size on disk.
Usage: python benchmarks/world.py [ROUNDS] [SCALE]      default: 1 round, the full scale
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness.documents.configuration import Configuration
from harness.settings import Settings, read_fixtures
from harness.toolchain import Cache, prepare
from harness.world.build import Ground
from harness.world.key import WorldKey
from harness.world.running import COMPONENTS
from harness.world.serving import serving
from harness.world.store import Worlds

CACHED_ROUNDS = 3


@dataclass
class Measured:
    """Seconds of each step."""

    cold: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    copied: list[float] = field(default_factory=list)
    booted: list[float] = field(default_factory=list)
    bytes: int = 0


def main(arguments: list[str]) -> None:
    """Build, find, copy, start."""
    settings = Settings.here()
    fixtures = read_fixtures(settings.fixtures)
    rounds = int(arguments[0]) if arguments else 1
    scale = int(arguments[1]) if len(arguments) > 1 else int(fixtures["story"]["scale"]["full"])
    ground = Ground(Configuration.load(settings.config), fixtures, settings.fixtures, prepare(COMPONENTS), 1, scale)
    measured = Measured()
    print(f"{scale:,} lines, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for _ in range(rounds):
        _measure(settings, ground, measured)
    for name, values in vars(measured).items():
        if name != "bytes":
            print(f"{name:<9} {statistics.median(values):7.2f} s   {', '.join(f'{v:.2f}' for v in values)}")
    print(f"on disk {measured.bytes / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}")


def _processor() -> float:
    """Seconds of processor time that this and all ended children have used: what another load does not change much."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _measure(settings: Settings, ground: Ground, measured: Measured) -> None:
    root = Path(tempfile.mkdtemp(prefix="world-benchmark-", dir=Cache().root))
    root.chmod(0o755)
    try:
        worlds = Worlds(Cache(root))
        began, spent = time.monotonic(), _processor()
        key = WorldKey.of(settings.config, ground.fixtures, ground.seed, ground.scale)
        built = worlds.ensure(
            key, ground, lambda text: print(f"  {time.monotonic() - began:6.1f} s  {text}", flush=True)
        )
        measured.cold.append(time.monotonic() - began)
        measured.processor.append(_processor() - spent)
        measured.bytes = built.bytes
        for number in range(CACHED_ROUNDS):
            began = time.monotonic()
            key = WorldKey.of(settings.config, ground.fixtures, ground.seed, ground.scale)
            assert worlds.find(key)
            measured.found.append(time.monotonic() - began)
            began = time.monotonic()
            worlds.copy(built, root / f"copy-{number}")
            measured.copied.append(time.monotonic() - began)
            with serving(ground, built, worlds) as served:
                measured.booted.append(served.boot_seconds)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
