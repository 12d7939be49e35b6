"""A compiler or an installer while it runs: read line by line, in a process group of its own that never outlives us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness import wait

_TAIL_LINES = 12
_GRACE_SECONDS = 3
_NICENESS = 10
"""The linter, which answers first, and the terminal share the cores with the compilers."""


class Child:
    """One program from its start to its end."""

    def __init__(
        self, argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> None:
        self._argv = tuple(argv)
        self._cwd = cwd
        self._environment = dict(environment)
        self._on_line = on_line
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines it wrote, on either stream."""
        return tuple(self._lines)

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode if self._process else None
        if code is None:
            return "has not ended"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def start(self, on_start: Callable[[int], None]) -> None:
        """Start it and hand its process id to `on_start`; raises OSError when it cannot be run."""
        self._process = subprocess.Popen(
            self._argv, cwd=self._cwd, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PGRP, self._process.pid, _NICENESS)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        on_start(self._process.pid)

    def follow(self, stopped: Callable[[], bool], deadline_seconds: float, saying: str) -> None:
        """Wait until it ends or `stopped` says so; raises DeadlineError."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        wait.until(lambda: process.poll() is not None or stopped(), deadline=deadline_seconds, saying=saying)
        if process.poll() is not None:
            reader.join(timeout=_GRACE_SECONDS)

    def end(self) -> None:
        """End the whole group, kindly first; what it started must not outlive it either."""
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            self._signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_GRACE_SECONDS)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _read(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            for line in self._process.stdout:
                self._lines.append(line.rstrip())
                self._on_line(line.rstrip())
