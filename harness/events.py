"""What happens while a run goes on: progress for people, observations for the judges, each written as it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from harness.errors import UnreadableError
from harness.model import History, Observation, Position


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing a person following the run wants to know: in which phase, what, and how far of how much."""

    phase: str
    text: str
    done: float | None = None
    total: float | None = None


Listener = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """The listener that listens to nothing."""


class HistoryFile:
    """The append-only record of a run: one JSON line per observation, flushed as it is recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._observations: list[Observation] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8")

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        """Append one observation, dated now unless `at` (Unix seconds) is given. Ignored once frozen."""
        observation = Observation(time.time() if at is None else at, kind, subject, dict(data))
        line = observation.to_json()
        with self._lock:
            if self._file is None:
                return
            self._observations.append(observation)
            self._file.write(line + "\n")
            self._file.flush()

    def so_far(self) -> History:
        """What has been recorded until now."""
        with self._lock:
            return History(tuple(self._observations))

    def freeze(self) -> History:
        """Close the record and return it as it is on the disk; nothing is added after this.

        Read back, so that what is judged now and what is judged again later are the same, to the order of their keys.
        """
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
        return read_history(self.path)


def read_history(path: Path) -> History:
    """The history a finished run left behind; raises UnreadableError with the line that is not a record."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot read the recorded history: {error}", at=Position(str(path))) from error
    if lines == [""]:
        return History()
    observations = []
    for number, line in enumerate(lines, start=1):
        try:
            observations.append(Observation.from_json(line))
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError(f"not a recorded observation: {error}", at=Position(str(path), number)) from error
    return History(tuple(observations))
