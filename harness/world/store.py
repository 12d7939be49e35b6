"""Where worlds are kept: built once, found again by their key, started from a copy that shares what never changes.

A world under construction is in a building folder and comes into its place with one rename, so there is no half one.
Two that want the same world wait for each other. A copy shares the files that Lucene and Prometheus write once and
never alter, by hard links; whatever they may write to again is copied. So a run cannot change what is kept.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.errors import SetUpError
from harness.toolchain import Cache
from harness.world.build import Builder, Ground, Tell
from harness.world.key import WorldKey

KEPT = 2
"""How many worlds of each scale are kept, the last used: a small one, soon made, must not push out a full one."""

LOCK_SECONDS = 7200.0
ABOUT = "world.json"


@dataclass(frozen=True, slots=True)
class BuiltWorld:
    """One world in the cache. `about` says what came of building it."""

    key: WorldKey
    folder: Path
    about: Mapping[str, Any]

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Worlds:
    """The worlds of this machine."""

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = cache or Cache()
        self.root = self._cache.root / "worlds"

    def find(self, key: WorldKey) -> BuiltWorld | None:
        """The world of a key, if it is there and whole."""
        folder = self._cache.installed(self.root / key.name)
        if folder is None:
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)  # when it was last used, for the sweep
        return BuiltWorld(key, folder, orjson.loads((folder / ABOUT).read_bytes()))

    def ensure(self, key: WorldKey, ground: Ground, tell: Tell = lambda _: None) -> BuiltWorld:
        """The world of a key, built if it is not there. Raises SetUpError or StackError."""
        if found := self.find(key):
            return found
        with self._cache.lock(f"world-{key.name}", deadline_seconds=LOCK_SECONDS, waiting=tell, stopped=lambda: False):
            if found := self.find(key):
                return found
            self._build(key, ground, tell)
        built = self.find(key)
        if built is None:
            raise SetUpError(f"the world {key.name} was built and is not whole", hint="Build it again: harness world")
        self.sweep(keep=key)
        return built

    def _build(self, key: WorldKey, ground: Ground, tell: Tell) -> None:
        with self._cache.staging(f"world-{key.name}") as staging:
            try:
                about = Builder(ground, staging.tree, staging.scratch, tell).build()
                described = {"seed": key.seed, "scale": key.scale, "built": time.time(), **about}
                (staging.tree / ABOUT).write_bytes(orjson.dumps(described))
                _settle(staging.tree)
                self._cache.install(staging, self.root / key.name, {"component": f"world {key.name}"})
            except OSError as error:
                hint = "Make room, or choose another place with HARNESS_CACHE."
                raise SetUpError(f"cannot keep the world in {self.root}: {error.strerror}", hint=hint) from error

    def copy(self, world: BuiltWorld, folder: Path) -> None:
        """Make a copy to run on in a folder, which whoever asked for it removes."""
        try:
            share(world.folder / "elasticsearch", folder / "elasticsearch", _lucene_never_alters)
            share(world.folder / "prometheus", folder / "prometheus", _prometheus_never_alters)
        except OSError as error:
            message = f"cannot copy the world {world.key.name}: {error.strerror}"
            raise SetUpError(message, hint="Is the disk full?") from error

    def sweep(self, keep: WorldKey | None = None) -> list[str]:
        """Remove the worlds of each scale beyond the `KEPT` last used, `keep` never; their names."""
        if not self.root.is_dir():
            return []
        there = sorted((path for path in self.root.iterdir() if path.is_dir()), key=_last_used, reverse=True)
        alike: dict[str, list[Path]] = {}
        for path in there:
            if path.name.startswith("."):  # what a sweep that was killed had begun to remove
                shutil.rmtree(path, ignore_errors=True)
            elif keep is None or path.name != keep.name:
                alike.setdefault(path.name.partition("-")[0], []).append(path)
        own = str(keep.scale) if keep else ""
        old = [path for scale, same in alike.items() for path in same[KEPT - (scale == own) :]]
        for path in old:
            # Renamed first, so that nobody finds half of it.
            gone = path.with_name(f".{path.name}-{os.getpid()}")
            with contextlib.suppress(OSError):
                path.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)
        return [path.name for path in old]


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another run has just swept it
        return 0.0


def share(source: Path, target: Path, never_altered: Callable[[Path], bool]) -> None:
    """Make `target` like `source`: hard links for files that are never altered, copies of the others."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        own = target / path.relative_to(source)
        if path.is_dir():
            own.mkdir()
        elif not (never_altered(path) and _linked(path, own)):
            shutil.copyfile(path, own)


def _linked(path: Path, own: Path) -> bool:
    """Whether a hard link could be made; between two file systems there is none."""
    try:
        os.link(path, own)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        return False
    return True


def _lucene_never_alters(path: Path) -> bool:
    """Segments, which Lucene writes once and deletes; not the lock, the transaction log and the state beside them."""
    return path.parent.name == "index" and path.name != "write.lock"


def _prometheus_never_alters(path: Path) -> bool:
    """The samples and their index; not `meta.json` and `tombstones`, which a compaction or a deletion rewrites."""
    return path.parent.name == "chunks" or path.name == "index"


def _settle(tree: Path) -> None:
    """Take away what belongs to a running server only."""
    for path in tree.rglob("*"):
        if path.name in ("node.lock", "write.lock") and path.is_file():
            path.unlink()
