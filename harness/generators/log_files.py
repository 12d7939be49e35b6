"""Writes log lines into files as a backend does, and rotates them as logrotate does, remembering where each line went.

A line's place is a generation of a file (the file between two rotations) and an offset in it: that is how a line which
copytruncate cut off is told from one that the shipper left behind.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line was written: the file's name, which of its generations, and the offset of its first byte."""

    file: str
    generation: int
    offset: int


@dataclass
class _File:
    descriptor: int
    generation: int = 0
    copied: dict[int, int] = field(default_factory=dict)
    """Generation → how many bytes of it were copied before it was truncated."""


class LogFiles:
    """The files of one folder, each held open for appending. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._lock = threading.Lock()

    def append(self, file: str, lines: Sequence[bytes]) -> list[Place]:
        """Write whole lines at the end of a file, in one write; where each of them stands."""
        with self._lock:
            opened = self._opened(file)
            data = b"".join(line + b"\n" for line in lines)
            os.write(opened.descriptor, data)
            offset = os.lseek(opened.descriptor, 0, os.SEEK_CUR) - len(data)
            places = []
            for line in lines:
                places.append(Place(file, opened.generation, offset))
                offset += len(line) + 1
        return places

    def rename(self, file: str) -> None:
        """Rotate as logrotate does by default: the file becomes `FILE.1`, and the backend opens a new one."""
        with self._lock:
            opened = self._opened(file)
            self._shift(file)
            (self._folder / file).rename(self._folder / f"{file}.1")
            os.close(opened.descriptor)
            opened.descriptor = self._open(file)
            opened.generation += 1

    def copy_and_truncate(self, file: str, between: Callable[[], None]) -> int:
        """Rotate with copytruncate, while the backend writes on; how many bytes were cut off without being copied.

        `between` is what time passes between the copy and the cut.
        """
        with self._lock:
            opened = self._opened(file)
            self._shift(file)
        shutil.copyfile(self._folder / file, self._folder / f"{file}.1")
        copied = (self._folder / f"{file}.1").stat().st_size
        between()
        with self._lock:
            size = os.fstat(opened.descriptor).st_size
            os.ftruncate(opened.descriptor, 0)
            opened.copied[opened.generation] = copied
            opened.generation += 1
        return size - copied

    def cut_off(self, place: Place) -> bool:
        """Whether a line was truncated away before it was copied."""
        copied = self._files[place.file].copied.get(place.generation)
        return copied is not None and place.offset >= copied

    def truncated(self, place: Place) -> bool:
        """Whether a line stands in a generation that ended by truncation."""
        return place.generation in self._files[place.file].copied

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            for opened in self._files.values():
                os.close(opened.descriptor)
            self._files.clear()

    def _opened(self, file: str) -> _File:
        if file not in self._files:
            self._files[file] = _File(self._open(file))
        return self._files[file]

    def _open(self, file: str) -> int:
        return os.open(self._folder / file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def _shift(self, file: str) -> None:
        """Make room for a new `FILE.1`: 1 becomes 2, 2 becomes 3, and so on."""
        taken = 1
        while (self._folder / f"{file}.{taken}").exists():
            taken += 1
        for number in range(taken, 1, -1):
            (self._folder / f"{file}.{number - 1}").rename(self._folder / f"{file}.{number}")
