"""Leases ports, so that two runs on one machine never pick the same one and no client socket takes it in between.

A port is taken from below the kernel's ephemeral range and held by a lock file for as long as the run lives; the lock
dies with the process, whatever kills it.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from harness.errors import StackError

FIRST, LAST = 21000, 31999


class PortLeases:
    """The ports one run holds; released together."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._held: dict[int, IO[str]] = {}
        self._candidates: Iterator[int] = itertools.chain(
            range(FIRST + os.getpid() % (LAST - FIRST), LAST + 1), range(FIRST, LAST + 1)
        )

    def lease(self) -> int:
        """A free loopback port that no other run will take; raises StackError when the whole range is in use."""
        for port in self._candidates:
            if port not in self._held and self._lock(port):
                if _bindable(port):
                    return port
                self._release(port)
        raise StackError(
            f"no free port between {FIRST} and {LAST}",
            hint=f"Something holds them all; see `ss -ltn` and the lock files in {self._folder}.",
        )

    def _lock(self, port: int) -> bool:
        path = self._folder / f"{port}.lock"
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Released between our opening and our locking, the file is gone and its lock holds nobody off.
            ours = os.path.samestat(os.fstat(lock.fileno()), path.stat())
        except OSError:
            ours = False
        if not ours:
            lock.close()
            return False
        self._held[port] = lock
        return True

    def _release(self, port: int) -> None:
        self._held.pop(port).close()

    def release(self) -> None:
        """Give every port back; idempotent."""
        for port in list(self._held):
            with contextlib.suppress(OSError):
                (self._folder / f"{port}.lock").unlink(missing_ok=True)
            self._release(port)


def _bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
