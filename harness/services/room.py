"""The room a service runs in: its container's file system, arguments and environment, laid out in a folder.

The compose file says what a container would see: which files are mounted where, with which command and variables. The
room shows a process the same, below a folder of its own, so that a wrong mount or path fails here as it would there.
Endpoints and credentials are laid over; every difference is kept as a diff.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.documents.compose import Compose, Mount, Service
from harness.documents.substitution import references, substitute
from harness.errors import StackError
from harness.model import OverlayChange, Position


@dataclass(frozen=True, slots=True)
class Deployment:
    """The compose file, the folder it stands in, and the variables it is run with."""

    folder: Path
    compose: Compose
    variables: Mapping[str, str] = field(default_factory=dict)

    def service(self, name: str) -> Service:
        """The service's entry. Raises StackError when the compose file has none."""
        found = self.compose.service(name)
        if found is None:
            known = ", ".join(service.name for service in self.compose.services) or "none"
            raise StackError(f"there is no service {name!r}", at=Position(self.compose.file), hint=f"It has: {known}.")
        return found

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Words of a command, variables substituted."""
        return tuple(self.filled(word) for word in words)

    def filled(self, text: str) -> str:
        """Text with compose's variables filled in. Raises StackError for a required one that is not set."""
        for reference in references(text):
            if reference.required is not None and not self.variables.get(reference.name):
                raise StackError(
                    f"variable {reference.name} is required: {reference.required}",
                    at=Position(self.compose.file),
                    hint="Set it in .env.",
                )
        return substitute(text, self.variables)

    def environment(self, name: str) -> dict[str, str]:
        """The service's variables, filled in; one without a value is taken from the deployment's."""
        declared = self.service(name).environment
        return {k: self.variables.get(k, "") if v is None else self.filled(v) for k, v in declared.items()}


def _shared(mount: Mount) -> bool:
    """Whether the mount shows a file or folder of the configuration, rather than a path of the host."""
    return mount.kind == "bind" and mount.source.startswith(".")


class Room:
    """One instance's file system below `root`, and the differences between what is mounted and what ran."""

    def __init__(self, deployment: Deployment, service: str, instance: str, root: Path, volumes: Path) -> None:
        self.deployment = deployment
        self.service = service
        self.instance = instance
        self.root = root
        self.changes: list[OverlayChange] = []
        root.mkdir(parents=True, exist_ok=True)
        self._lay_out(volumes)

    def _lay_out(self, volumes: Path) -> None:
        for mount in sorted(self._mounts(), key=lambda m: len(m.target)):
            target = self.path(mount.target)
            target.parent.mkdir(parents=True, exist_ok=True)
            if mount.kind == "volume":
                volume = volumes / mount.source
                volume.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    target.symlink_to(volume)
            elif _shared(mount):
                self._copy(mount, target)
            else:
                target.mkdir(exist_ok=True)  # a path of the host: empty here, a test reads nobody's logs

    def _mounts(self) -> tuple[Mount, ...]:
        return self.deployment.service(self.service).mounts

    def _copy(self, mount: Mount, target: Path) -> None:
        source = self.deployment.folder / mount.source
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copyfile(source, target)
        else:
            raise StackError(
                f"{self.service} mounts {mount.source}, which does not exist",
                at=mount.position,
                hint=f"Create {mount.source} or correct the mount; Docker would make an empty directory of it.",
            )

    def path(self, container_path: str) -> Path:
        """Where a path of the container is on this machine."""
        return self.root / str(PurePosixPath(container_path)).lstrip("/")

    def here(self, spelled: str) -> Path:
        """Where a path is on this machine that the command or a variable spells, as `command` returns it."""
        return Path(spelled)

    def localise(self, text: str) -> str:
        """An argument or value with every path below a mount replaced by where it is here."""
        for mount in sorted(self._mounts(), key=lambda m: -len(m.target)):
            pattern = re.compile(rf"(?<![\w./-]){re.escape(mount.target)}(?=/|\b|$)")
            text = pattern.sub(lambda _, target=mount.target: str(self.path(target)), text)  # type: ignore[misc]
        return text

    def command(self) -> tuple[str, ...]:
        """The container's command, its paths localised."""
        return tuple(
            self.localise(word) for word in self.deployment.words(self.deployment.service(self.service).command)
        )

    def environment(self) -> dict[str, str]:
        """The container's variables, their paths localised."""
        return {name: self.localise(value) for name, value in self.deployment.environment(self.service).items()}

    def mounted(self, path: Path) -> Path | None:
        """Which file of the configuration a path here shows, relative to its folder; None when it shows none."""
        for mount in self._mounts():
            if _shared(mount) and path.is_relative_to(self.path(mount.target)):
                return Path(mount.source) / path.relative_to(self.path(mount.target))
        return None

    def shown(self, path: Path) -> str:
        """How a person finds the file that a path here shows: relative to the configuration, or its name."""
        shown = self.mounted(path)
        return shown.as_posix() if shown else path.name

    def rewrite(self, path: Path, text: str, why: str) -> None:
        """Write an overlaid file and keep the difference."""
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        shown = self.mounted(path)
        file = f"{shown.as_posix() if shown else path.relative_to(self.root)} ({self.instance})"
        lines = difflib.unified_diff(before.splitlines(), text.splitlines(), "under test", "as run", lineterm="", n=0)
        diff = "\n".join(line.replace(str(self.root), "…") for line in lines)
        if diff:
            self.changes.append(OverlayChange(file, diff, why))

    def flags(self, added: Mapping[str, str], why: str) -> tuple[str, ...]:
        """Arguments added to the command, kept as a difference."""
        words = tuple(f"{flag}={value}" for flag, value in added.items())
        if words:
            diff = "\n".join(f"+ {word}" for word in words).replace(str(self.root), "…")
            file = f"{self.deployment.compose.file} {self.service} command ({self.instance})"
            self.changes.append(OverlayChange(file, diff, why))
        return words


def overriding(command: tuple[str, ...], flags: tuple[str, ...]) -> tuple[str, ...]:
    """The command with `flags` in place of the same flags, the rest untouched."""
    names = {flag.split("=")[0] for flag in flags}
    return (*(word for word in command if word.split("=")[0] not in names), *flags)


def endpoints(text: str, known: Mapping[str, str]) -> str:
    """Text with every `host:port` of the deployment replaced by where it listens in this run; comments stay."""
    lines = []
    for line in text.splitlines(keepends=True):
        if not line.lstrip().startswith("#"):
            for name, here in known.items():
                line = re.sub(rf"(?<![\w.-]){re.escape(name)}(?!\d)", lambda _, here=here: here, line)  # type: ignore[misc]
        lines.append(line)
    return "".join(lines)
