"""Logstash itself, started once for many pipelines: from an installed distribution, or from an image."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.errors import StackError, UsageError
from harness.launchers import daemon
from harness.launchers.ledger import Ledger
from harness.launchers.process import ProcessLauncher
from harness.model import Level
from harness.pipeline_comparison.arranging import Places

START_SECONDS, PIPELINE_SECONDS, EVENT_SECONDS = 240.0, 2.0, 0.02
"""What a start may take on a slow machine, each pipeline, and each event."""

ENDED = (0, 1)
"""Logstash ends with 1 when one of its pipelines was not valid; the others ran."""

_KEPT = ("HOME", "JAVA_HOME", "LS_JAVA_HOME", "LS_JAVA_OPTS")


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed Logstash: `program` is its `bin/logstash`."""

    program: Path
    level: Level = Level.NATIVE

    def __str__(self) -> str:
        return str(self.program)

    def play(self, folder: Path, environment: Mapping[str, str], ledger: Ledger, deadline_seconds: float) -> str:
        """Run what is arranged in a folder; what it said. Raises StackError."""
        settings: dict[str, Any] = {"path.data": str(folder / "data"), "path.logs": str(folder / "logs")}
        for path in settings.values():
            Path(path).mkdir(exist_ok=True)
        if os.geteuid() == 0:
            settings["allow_superuser"] = True  # Logstash 9 refuses to run as root otherwise
        _configure(folder, settings)
        inherited = {name: os.environ[name] for name in _KEPT if name in os.environ}
        argv = (str(self.program), "--path.settings", str(folder / "settings"))
        launcher = ProcessLauncher(folder / "said", ledger)
        try:
            return launcher.run(argv, deadline_seconds, {**inherited, **environment}, ENDED)
        except OSError as error:
            raise StackError(f"{self.program} cannot be started: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Image:
    """Logstash's image, run without a network; `level` is what it counts as."""

    tag: str
    level: Level

    def __str__(self) -> str:
        return self.tag

    def play(self, folder: Path, environment: Mapping[str, str], ledger: Ledger, deadline_seconds: float) -> str:
        """Run what is arranged in a folder; what it said. Raises StackError."""
        from harness.launchers.container_once import run_once  # it brings the client of Docker along

        _configure(folder, {})
        # The image has a user of its own. Its data stay in the container: files of that user could not be removed.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
        command = ("--path.settings", str(folder / "settings"))
        status, said = run_once(self.tag, command, folder, environment, ledger.mark, deadline_seconds)
        if status not in ENDED:
            raise StackError(f"{self.tag} exited with status {status}", hint=said[-800:])
        return said


Logstash = Distribution | Image


def at_hand(program: Path | None, tag: str) -> Logstash | str:
    """The Logstash to compare with: the named distribution, else the image; or why there is none.

    Raises UsageError for a program that is none.
    """
    if program is not None:
        found = program / "bin" / "logstash" if program.is_dir() else program
        if not found.is_file() or not os.access(found, os.X_OK):
            raise UsageError(f"{found} is no program", hint="--logstash is bin/logstash, or the folder above bin.")
        return Distribution(found.resolve())
    if not tag:
        return "the configuration names no image of Logstash"
    docker = daemon.ask()
    if not docker.answers:
        return docker.silence
    if tag in docker.images:
        return Image(tag, docker.images[tag])
    why = daemon.pull(tag)
    return f"{tag}: {why}" if why else Image(tag, Level.CONTAINER)


def patience(pipelines: int, events: int) -> float:
    """How long a start may take, seconds."""
    return START_SECONDS + pipelines * PIPELINE_SECONDS + events * EVENT_SECONDS


def require_ran(places: Sequence[Places], said: str) -> None:
    """Raise StackError when none of the pipelines was run: then nothing is known of any of them."""
    if not any(place.done.exists() for place in places):
        raise StackError("Logstash ran none of the pipelines", hint=said.strip()[-800:])


def _configure(folder: Path, settings: Mapping[str, Any]) -> None:
    whole = {"api.enabled": False, "config.reload.automatic": False, **settings}
    (folder / "settings" / "logstash.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
