"""A world that a stack runs on: which one, where Elasticsearch answers for it, and what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.generators.story.truth import WorldTruth
from harness.toolchain import prepare
from harness.world.build import Ground, Tell
from harness.world.key import WorldKey
from harness.world.store import BuiltWorld, Worlds

COMPONENTS = ("elasticsearch", "java", "blockwriter")
"""What it takes to build one."""

MEMORY = "world"
"""Under which name a stack remembers the world it runs on."""


@dataclass(frozen=True)
class RunningWorld:
    """A copy of a world in the run's own folder. `folder` holds `elasticsearch`, in use, and `prometheus`, blocks."""

    built: BuiltWorld
    folder: Path
    fixtures: Mapping[str, Any]

    @cached_property
    def truth(self) -> WorldTruth:
        """What must be found in it: 3 s for a million lines, the first time."""
        return WorldTruth.of(self.fixtures, self.built.key.seed, self.built.key.scale)

    @property
    def full_scale(self) -> int:
        """How many lines the sign-off asks for."""
        return int(self.fixtures["story"]["scale"]["full"])


def at_hand(ground: Ground, tell: Tell = lambda _: None, worlds: Worlds | None = None) -> BuiltWorld:
    """The full world if it has been built, else the small one, which is built now. `ground.scale` is not looked at.

    Raises SetUpError or StackError.
    """
    worlds = worlds or Worlds()
    scales, folder = ground.fixtures["story"]["scale"], ground.configuration.folder
    full = WorldKey.of(folder, ground.fixtures, ground.seed, int(scales["full"]))
    if found := worlds.find(full):
        return found
    small = WorldKey.of(folder, ground.fixtures, ground.seed, int(scales["small"]))
    if found := worlds.find(small):
        return found
    toolchain = prepare(COMPONENTS)
    own = Ground(ground.configuration, ground.fixtures, ground.fixtures_folder, toolchain, ground.seed, small.scale)
    return worlds.ensure(small, own, tell)
