"""What this machine is: cores, memory, disk, toolchains, Docker, a browser. Looks, and never fails."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.toolchain import golang, java
from harness.toolchain.cache import Cache

DOCKER_SECONDS = 2
# Measured: after the first set-up Go's module and build caches hold 5.4 GB, the components 0.5 GB.
DISK_GB = 7
MEMORY_GB = 4
DEVELOPMENT = "monitoring-stack-harness.development"
"""The label of an image that was made here, from what was built here."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about the machine. `note` says what it means when it is not enough."""

    name: str
    value: str
    enough: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Docker:
    """A Docker daemon's answer: its version and the tags of its images, or why there was none.

    `development` are those of the tags that stand for an image made here, not for the product's own.
    """

    version: str = ""
    images: frozenset[str] = frozenset()
    silence: str = ""
    development: frozenset[str] = frozenset()

    @property
    def answers(self) -> bool:
        """Whether a daemon answered."""
        return bool(self.version)


def docker() -> Docker:
    """Ask the daemon the environment names; a machine without one answers within two seconds."""
    try:
        client: Any = importlib.import_module("docker").from_env(timeout=DOCKER_SECONDS)
        try:
            version = str(client.version()["Version"])
            # The low-level list is one request; the comfortable one inspects every image.
            listed = [(tag, image) for image in client.api.images() for tag in image["RepoTags"] or ()]
        finally:
            client.close()
    except Exception as error:  # the client raises half a dozen unrelated kinds, and none of them is ours to judge
        where = os.environ.get("DOCKER_HOST", "/var/run/docker.sock")
        return Docker(silence=f"{_why(error)} {where}")
    made_here = frozenset(tag for tag, image in listed if (image.get("Labels") or {}).get(DEVELOPMENT) == "true")
    return Docker(version, frozenset(tag for tag, _ in listed), development=made_here)


def facts(cache: Cache, docker: Docker) -> tuple[Fact, ...]:
    """Everything that decides what this machine can run."""
    return (
        _cores(),
        _memory(),
        _disk(cache),
        Fact("Python", f"{platform.python_version()}  {platform.system()} {platform.machine()}"),
        _go(),
        _java(),
        Fact("Docker", docker.version or "no daemon answers", docker.answers, docker.silence),
        _browser(),
    )


def _cores() -> Fact:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Fact("cores", str(count), count >= 2, "" if count >= 2 else "latencies measured on one core mean little")


def _memory() -> Fact:
    import psutil  # dear to import, and asked for by doctor only

    memory = psutil.virtual_memory()
    enough = memory.available >= MEMORY_GB * 1e9
    note = "" if enough else f"the whole stack wants {MEMORY_GB} GB free"
    return Fact("memory", f"{memory.total / 1e9:.0f} GB, {memory.available / 1e9:.0f} GB free", enough, note)


def _disk(cache: Cache) -> Fact:
    folder = next(path for path in (cache.root, *cache.root.parents) if path.exists())
    try:
        free = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        return Fact("cache", f"{cache.root}", False, _first_line(error))
    enough = free >= DISK_GB
    note = "" if enough else f"the first set-up takes up to {DISK_GB} GB; HARNESS_CACHE moves the cache"
    return Fact("cache", f"{cache.root}, {free:.0f} GB free", enough, note)


def _go() -> Fact:
    found = golang.system_go()
    version = golang.version_of(found) if found else ()
    if version[:2] >= golang.NEEDED:
        return Fact("Go", f"{_dotted(version)}  {found}")
    wanted = _dotted(golang.NEEDED)
    value = f"{_dotted(version)}  {found}" if found else "none"
    return Fact("Go", value, False, f"{wanted} is needed; harness setup installs one into the cache")


def _java() -> Fact:
    homes = [(home, java.version_of(home)) for home in java.homes()]
    suitable = next((pair for pair in homes if java.suits(pair[0])), None)
    if suitable:
        return Fact("Java", f"{_dotted(suitable[1])}  {suitable[0]}")
    found = next((pair for pair in homes if pair[1]), None)
    value = f"{_dotted(found[1])}  {found[0]}" if found else "none"
    span = f"{java.OLDEST} to {java.NEWEST}"
    return Fact("Java", value, False, f"Elasticsearch needs {span}; harness setup installs one into the cache")


def _browser() -> Fact:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found:
        return Fact("Chromium", str(Path(found)))
    return Fact("Chromium", "none", False, "pages are not rendered here")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "unknown"


def _why(error: Exception) -> str:
    """The two reasons people meet, in words; the client buries them in others."""
    if "Permission denied" in str(error):
        return "no permission to use"
    return f"no answer within {DOCKER_SECONDS} s at" if "imed out" in str(error) else "nothing answers at"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
