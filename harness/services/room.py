"""The room a service runs in: its container's file system, arguments and environment, laid out in a folder.

The compose file says what a container would see: which files are mounted where, with which command and variables. The
room shows a process the same, below a folder of its own, so that a wrong mount or path fails here as it would there.
Endpoints and credentials are laid over; every difference is kept as a diff.
"""

from __future__ import annotations

import difflib
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import StackError
from harness.model import OverlayChange, Position

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^}]*\})*))?\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Mount:
    """One volume of a service: `source` is a path beside the compose file, a host path, or a volume's name."""

    source: str
    target: str

    @property
    def bound(self) -> bool:
        """Whether the source is a file or folder of the configuration."""
        return self.source.startswith(".")

    @property
    def named(self) -> bool:
        """Whether the source is a named volume."""
        return not self.source.startswith((".", "/", "~"))


@dataclass(frozen=True, slots=True)
class Deployment:
    """The compose file as far as rooms need it, with the variables it is run with."""

    folder: Path
    file: str
    services: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, str] = field(default_factory=dict)

    def service(self, name: str) -> Mapping[str, Any]:
        """The service's entry. Raises StackError when the compose file has none."""
        entry = self.services.get(name)
        if entry is None:
            known = ", ".join(sorted(self.services)) or "none"
            raise StackError(f"{self.file} has no service {name!r}", hint=f"It has: {known}.")
        return entry

    def words(self, name: str, key: str) -> tuple[str, ...]:
        """`command` or `entrypoint` as words, variables substituted."""
        value = self.service(name).get(key) or ()
        words = shlex.split(value) if isinstance(value, str) else [str(word) for word in value]
        return tuple(self.substitute(word) for word in words)

    def environment(self, name: str) -> dict[str, str]:
        """The service's variables, substituted; one without a value is taken from the deployment's."""
        given = self.service(name).get("environment") or {}
        pairs = given.items() if isinstance(given, dict) else (str(item).partition("=")[::2] for item in given)
        return {
            str(key): self.variables.get(str(key), "") if value in (None, "") else self.substitute(_text(value))
            for key, value in pairs
        }

    def mounts(self, name: str) -> tuple[Mount, ...]:
        """The service's volumes, short and long syntax."""
        found = []
        for volume in self.service(name).get("volumes") or ():
            if isinstance(volume, dict):
                found.append(Mount(str(volume.get("source", "")), str(volume.get("target", ""))))
            else:
                source, _, rest = self.substitute(str(volume)).partition(":")
                found.append(Mount(source, rest.split(":")[0]))
        return tuple(found)

    def substitute(self, text: str) -> str:
        """Compose's variable substitution. Raises StackError for a required variable that is not set."""
        return _VARIABLE.sub(self._variable, text)

    def _variable(self, match: re.Match[str]) -> str:
        name = match.group(1) or match.group(4)
        if name is None:
            return "$"
        value, operator, argument = self.variables.get(name), match.group(2) or "", match.group(3) or ""
        empty = value is None or (operator.startswith(":") and not value)
        if "?" in operator and empty:
            raise StackError(f"{self.file}: variable {name} is required: {argument}", hint="Set it in .env.")
        if "-" in operator and empty:
            return self.substitute(argument)
        if "+" in operator:
            return "" if empty else self.substitute(argument)
        return value or ""


def _text(value: object) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


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
        for mount in sorted(self.deployment.mounts(self.service), key=lambda m: len(m.target)):
            target = self.path(mount.target)
            target.parent.mkdir(parents=True, exist_ok=True)
            if mount.named:
                volume = volumes / mount.source
                volume.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    target.symlink_to(volume)
            elif not mount.bound:
                target.mkdir(exist_ok=True)  # a path of the host: empty here, a test reads nobody's logs
            else:
                self._copy(mount, target)

    def _copy(self, mount: Mount, target: Path) -> None:
        source = self.deployment.folder / mount.source
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copyfile(source, target)
        else:
            raise StackError(
                f"{self.deployment.file}: {self.service} mounts {mount.source}, which does not exist",
                at=Position(self.deployment.file),
                hint=f"Create {mount.source} or correct the mount; Docker would make an empty directory of it.",
            )

    def path(self, container_path: str) -> Path:
        """Where a path of the container is on this machine."""
        return self.root / str(PurePosixPath(container_path)).lstrip("/")

    def localise(self, text: str) -> str:
        """An argument or value with every path below a mount replaced by where it is here."""
        for mount in sorted(self.deployment.mounts(self.service), key=lambda m: -len(m.target)):
            pattern = re.compile(rf"(?<![\w./-]){re.escape(mount.target)}(?=/|\b|$)")
            text = pattern.sub(lambda _, target=mount.target: str(self.path(target)), text)  # type: ignore[misc]
        return text

    def command(self) -> tuple[str, ...]:
        """The container's command, its paths localised."""
        return tuple(self.localise(word) for word in self.deployment.words(self.service, "command"))

    def environment(self) -> dict[str, str]:
        """The container's variables, their paths localised."""
        return {name: self.localise(value) for name, value in self.deployment.environment(self.service).items()}

    def mounted(self, path: Path) -> Path | None:
        """Which file of the configuration a path here shows, relative to its folder; None when it shows none."""
        for mount in self.deployment.mounts(self.service):
            if mount.bound and path.is_relative_to(self.path(mount.target)):
                return Path(mount.source) / path.relative_to(self.path(mount.target))
        return None

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
            self.changes.append(OverlayChange(f"{self.deployment.file} {self.service} command ({self.instance})", diff, why))
        return words


def overriding(command: tuple[str, ...], flags: tuple[str, ...]) -> tuple[str, ...]:
    """The command with `flags` in place of the same flags, the rest untouched."""
    names = {flag.split("=")[0] for flag in flags}
    return (*(word for word in command if word.split("=")[0] not in names), *flags)


def endpoints(text: str, known: Mapping[str, str]) -> str:
    """Text with every `host:port` of the deployment replaced by where it listens in this run; comments stay."""
    lines = []
    for line in text.splitlines(keepends=True):
        code, mark, comment = line, "", ""
        if line.lstrip().startswith("#"):
            code, comment = "", line
        for name, here in known.items():
            code = re.sub(rf"(?<![\w.-]){re.escape(name)}(?!\d)", here, code)
        lines.append(code + mark + comment)
    return "".join(lines)
