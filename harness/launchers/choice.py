"""Which services of a run are containers and which are processes, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from harness.errors import UsageError
from harness.launchers.daemon import PULL, Daemon, pull
from harness.model import Level


@dataclass(frozen=True, slots=True)
class Choice:
    """`contained` maps a service to the level of its image; `reasons` says of each other one why it is a process."""

    contained: Mapping[str, Level] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.contained)

    @property
    def name(self) -> str:
        """What the report calls it: `process` when nothing runs in a container, `container` when all of it does."""
        return "auto" if self.contained else "process"

    def told(self) -> str:
        """For a person: what runs in which."""
        if not self.contained:
            return "process"
        development = sorted(name for name, level in self.contained.items() if level < Level.CONTAINER)
        official = sorted(name for name, level in self.contained.items() if level >= Level.CONTAINER)
        words = [f"containers: {', '.join(official)}"] if official else []
        words += [f"containers of development images: {', '.join(development)}"] if development else []
        return "; ".join([*words, "the rest processes"])


def choose(
    launcher: str,
    images: Mapping[str, str],
    bootable: Collection[str],
    daemon: Callable[[], Daemon],
    get: Callable[[str], str] = pull,
) -> Choice:
    """What the launcher asked for means on this machine. `images` maps each product of the compose file to its tag.

    `auto` takes a container where the image is, or can be pulled; `container` wants all of them and raises UsageError
    naming what is missing. `bootable` are the services that can be started in a container at all.
    """
    if launcher == "process":
        return Choice()
    docker = daemon()
    if not docker.answers:
        if launcher == "container":
            raise UsageError(f"containers cannot be started: {docker.silence}", hint="Or: --launcher auto")
        return Choice(reasons=dict.fromkeys(images, docker.silence))
    found, reasons = dict(docker.images), dict[str, str]()
    wanted = {service: tag for service, tag in images.items() if service in bootable or launcher == "container"}
    absent = sorted({tag for tag in wanted.values() if tag not in found})
    if absent:
        with ThreadPoolExecutor(len(absent)) as pool:
            for tag, why in zip(absent, pool.map(get, absent), strict=True):
                if why:
                    reasons |= {service: f"{tag}: {why}" for service, its in wanted.items() if its == tag}
                else:
                    found[tag] = Level.CONTAINER
    if launcher == "container":
        _require_all(images, reasons, bootable)
    return Choice({s: found[tag] for s, tag in wanted.items() if tag in found and s in bootable}, reasons)


def _require_all(images: Mapping[str, str], reasons: Mapping[str, str], bootable: Collection[str]) -> None:
    missing = [f"{service}: {why}" for service, why in sorted(reasons.items())]
    missing += [f"{service}: cannot be started in a container yet" for service in sorted(set(images) - set(bootable))]
    if missing:
        tags = " ".join(images[service] for service in sorted(reasons))
        way = f"docker pull {tags}\n" if tags and len(tags.split()) == 1 else "docker compose pull\n" if tags else ""
        raise UsageError(
            "these services have no container on this machine:\n  " + "\n  ".join(missing),
            hint=f"{way}Or let each run as it can: --launcher auto ({PULL}=never looks no further than this machine)",
        )
