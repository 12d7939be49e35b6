"""The Docker daemon of this machine: whether it can be used, which images it has, and whose they are.

Nothing here fails: a machine without Docker runs processes. Why a daemon cannot be used is said in words.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.model import Level
from harness.toolchain.machine import DEVELOPMENT

ASK_SECONDS = 5
PULL_ASK_SECONDS = 5
PULL_SECONDS = 900
PULL = "HARNESS_PULL"
"""`never`: images are not looked for beyond this machine."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a daemon told: `images` maps each tag to the level of what runs from it. `silence` says why it told none."""

    address: str = ""
    version: str = ""
    images: Mapping[str, Level] = field(default_factory=dict)
    silence: str = ""

    @property
    def answers(self) -> bool:
        """Whether it can be used."""
        return bool(self.version)


def address() -> str:
    """The address of the daemon that the environment names, or Docker's own."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def ask() -> Daemon:
    """Ask the daemon what it is and has."""
    where = address()
    if not where.startswith("unix://"):
        return Daemon(where, silence=f"the daemon at {where} is not of this machine: its containers see other files")
    path = Path(where.removeprefix("unix://"))
    try:
        path.stat()
    except PermissionError:
        return Daemon(where, silence=_forbidden(path))
    except OSError:
        return Daemon(where, silence=f"no Docker daemon: {path} does not exist")
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return Daemon(where, silence=_forbidden(path))
    try:
        client = connect()
        try:
            version = str(client.version()["Version"])
            listed = client.api.images()
        finally:
            client.close()
    except Exception as error:  # the client raises half a dozen unrelated kinds, and each means the same
        return Daemon(where, silence=f"no Docker daemon answers at {path}: {_first_line(error)}")
    return Daemon(where, version, {tag: _level(image) for image in listed for tag in image["RepoTags"] or ()})


def connect(seconds: float = ASK_SECONDS) -> Any:
    """A client of the daemon; raises whatever the client raises."""
    return importlib.import_module("docker").DockerClient(base_url=address(), timeout=seconds)


def pull(tag: str, say: Callable[[str], None] = lambda _: None) -> str:
    """Try to get an image; why it cannot be had, or nothing when it is there. `say` is told when it takes a while."""
    if os.environ.get(PULL) == "never":
        return f"it is not looked for ({PULL}=never)"
    try:
        with contextlib.closing(connect(PULL_ASK_SECONDS)) as client:
            client.api.inspect_distribution(tag)
        say(f"pulling {tag}, which takes minutes once")
        with contextlib.closing(connect(PULL_SECONDS)) as client:
            client.images.pull(tag)
    except Exception as error:
        return f"it cannot be pulled: {_first_line(error)}"
    return ""


def _level(image: Mapping[str, Any]) -> Level:
    """An image that was made here, from what was built here, proves no more than a process does."""
    return Level.NATIVE if (image.get("Labels") or {}).get(DEVELOPMENT) == "true" else Level.CONTAINER


def _forbidden(path: Path) -> str:
    return f"no permission to use Docker at {path}; is this user in the group docker?"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
