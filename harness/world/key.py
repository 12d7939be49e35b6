"""What a world is built from, as a key: the same key, the same world, so it need not be built again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

PACKAGE = Path(__file__).resolve().parents[1]

_FIXTURES = ("story", "logs", "catalog", "world")
_SOURCES = (
    "languages/logstash/**/*",
    "services/logstash_server/*",
    "generators/story/[cdmp]*.py",  # chains, counted, draw, metrics, plan
    "generators/log_[jprsv]*.py",  # journeys, population, predicate, routes, schedule, values
    "generators/logs.py",
    "generators/metrics.py",
    "toolchain/go/blockwriter/*",
    "world/feed.py",
    "world/indices.py",
)
"""The parts of the harness that decide what is in it: a change to one of them may make another world."""


@dataclass(frozen=True, slots=True)
class WorldKey:
    """One world: `digest` is over everything else that it depends on."""

    seed: int
    scale: int
    digest: str

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.scale}-{self.seed}-{self.digest[:12]}"

    @classmethod
    def of(cls, configuration: Path, fixtures: Mapping[str, Any], seed: int, scale: int) -> WorldKey:
        """The key of a world on the configuration in a folder."""
        deployment = fixtures["deployment"]
        digest = hashlib.sha256(_sources().encode())
        digest.update(orjson.dumps({name: fixtures[name] for name in _FIXTURES}, option=orjson.OPT_NON_STR_KEYS))
        digest.update(orjson.dumps([deployment["elasticsearch"], deployment["logs"], deployment["listens"]]))
        digest.update(orjson.dumps(deployment["variables"], option=orjson.OPT_SORT_KEYS))
        for path in _configured(configuration, deployment):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return cls(seed, scale, digest.hexdigest())


def _configured(configuration: Path, deployment: Mapping[str, Any]) -> Iterable[Path]:
    """The files of the configuration that say how lines are taken apart and stored."""
    named = {configuration / entry["file"] for entry in deployment["elasticsearch"]["install"] if "file" in entry}
    found = named | {path for pattern in ("*.conf", "elasticsearch.yml") for path in configuration.rglob(pattern)}
    return sorted(path for path in found if path.is_file())


@cache
def _sources() -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _SOURCES for path in PACKAGE.glob(pattern)}):
        if path.suffix in (".py", ".txt", ".go", ".mod"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
