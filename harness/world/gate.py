"""Which day of the world may be written now, and who has finished which: two files, read and replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Gate:
    """A folder that the builder and the processes that feed share."""

    folder: Path

    @property
    def day(self) -> int:
        """The latest day that is open; -1 before the first."""
        return _number(self.folder / "open")

    def open(self, day: int) -> None:
        """Let a day be written."""
        _replace(self.folder / "open", day)

    def done(self, process: int, day: int) -> None:
        """Everything that a process had for a day is stored."""
        _replace(self.folder / f"done-{process}", day)

    def finished(self, process: int) -> int:
        """The latest day that a process has finished; -1 before the first."""
        return _number(self.folder / f"done-{process}")


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return -1


def _replace(path: Path, number: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(str(number), encoding="ascii")
    fresh.replace(path)
