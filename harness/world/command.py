"""`harness world`: builds the 30-day world, or says that it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.documents.configuration import Configuration
from harness.launchers.ledger import sweep
from harness.settings import Settings, read_fixtures
from harness.toolchain import Progress, prepare
from harness.world.build import Ground
from harness.world.key import WorldKey
from harness.world.running import COMPONENTS
from harness.world.store import BuiltWorld, Worlds

MEGABYTE = 1e6


def build(
    config: Path | None, seed: int, scale: int | None, write: Callable[[str], object], complain: Callable[[str], object]
) -> BuiltWorld:
    """Build the world of a configuration unless it is there; say how it went. Raises HarnessError."""
    began = time.monotonic()
    settings = Settings.here(config)
    fixtures = read_fixtures(settings.fixtures)
    lines = scale or int(fixtures["story"]["scale"]["full"])
    key = WorldKey.of(settings.config, fixtures, seed, lines)
    worlds = Worlds()
    found = worlds.find(key)
    if found is None:
        sweep()

        def tell_step(step: Progress) -> None:
            complain(f"{step.component:<15} {step.step} {step.detail}\n")

        toolchain = prepare(COMPONENTS, on_progress=tell_step)

        def tell(text: str) -> None:
            complain(f"{time.monotonic() - began:6.1f} s  {text}\n")

        ground = Ground(Configuration.load(settings.config), fixtures, settings.fixtures, toolchain, seed, lines)
        found = worlds.ensure(key, ground, tell)
        write(f"built in {time.monotonic() - began:.0f} s\n")
    else:
        write(f"cached, found in {time.monotonic() - began:.1f} s\n")
    write(_described(found))
    return found


def _described(world: BuiltWorld) -> str:
    about = world.about
    indices = about["indices"]
    documents = sum(entry["documents"] for entry in indices.values())
    stored = sum(entry["bytes"] for entry in indices.values())
    return (
        f"seed {world.key.seed}, {about['lines']:,} lines, {documents:,} documents in {len(indices)} indices,"
        f" {about['dead_letters']} dead letters\n"
        f"{world.bytes / MEGABYTE:,.0f} MB on disk ({stored / MEGABYTE:,.0f} MB of documents) in {world.folder}\n"
    )
