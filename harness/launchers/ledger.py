"""Remembers what a run started, outside the run, so that the next run can sweep up after one that was killed.

One file per ledger, named for the runner's pid and start time; a line per process group and per temporary folder. A
runner that ends normally removes its files. A file whose runner is gone is a mess somebody left.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness import wait
from harness.launchers import container_marks

MARK = "HARNESS_RUNNER"
"""The variable that every started process carries: the runner's pid and start time, and where its ledger is."""


SETTLING_SECONDS, SWEEPS = 0.1, 10
ALWAYS_TOLD = ("processes", "folders")


def state_folder() -> Path:
    """Where ledgers and port locks live: `$XDG_STATE_HOME` or `~/.local/state`, then `monitoring-stack-harness`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "monitoring-stack-harness"


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    processes: int = 0
    folders: int = 0
    containers: int = 0
    networks: int = 0
    volumes: int = 0

    def __bool__(self) -> bool:
        return any(count for _, count in self._counts())

    def __str__(self) -> str:
        first, *others = [f"{count} {word}" for word, count in self._counts() if count or word in ALWAYS_TOLD]
        return " and ".join(filter(None, (", ".join((first, *others[:-1])), *others[-1:])))

    def told(self) -> str:
        """What follows a count of files: nothing when nothing was swept."""
        return f"; swept {self} that an earlier run left behind" if self else ""

    def _counts(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, int(getattr(self, name))) for name in self.__slots__)


_open: set[Path] = set()
_opening = threading.Lock()


class Ledger:
    """What this run has started and must take away again.

    A runner may hold several at once, e.g. one for the stack and one for a world that is built meanwhile: each has a
    file of its own, so that closing one takes nothing of another's away.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or state_folder()) / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        runner = f"{os.getpid()}-{_started(os.getpid()):.2f}"
        self.mark = f"{runner} {self._folder}"
        with _opening:
            names = itertools.chain([runner], (f"{runner}+{number}" for number in itertools.count(1)))
            self.path = next(path for name in names if (path := self._folder / f"{name}.jsonl") not in _open)
            _open.add(self.path)

    def process(self, pid: int) -> None:
        """A process group that must not outlive the run; `pid` leads it."""
        self._write({"pid": pid, "started": _started(pid)})

    def folder(self, path: Path) -> None:
        """A folder that must not outlive the run."""
        self._write({"folder": str(path)})

    def new_folder(self, prefix: str, *, others_pass: bool = False) -> Path:
        """A new folder among the system's temporary ones that must not outlive the run.

        `others_pass`: Elasticsearch runs as another user and must reach its folder below. It is listed before it is
        made: at no moment is there a folder of which nobody knows.
        """
        path = Path(tempfile.gettempdir()) / f"{prefix}{secrets.token_hex(6)}"
        self.folder(path)
        path.mkdir(mode=0o700)
        if others_pass:
            path.chmod(0o755)
        return path

    def _write(self, entry: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Sweep what is still there, and forget the run."""
        _kill_listed(self.path)
        _remove_listed(self.path)
        with _opening:
            _open.discard(self.path)


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder for the length of a `with`; of a runner that was killed in it, the next sweep takes it away."""
    ledger = Ledger()
    try:
        yield ledger.new_folder(prefix)
    finally:
        ledger.close()


def sweep(folder: Path | None = None) -> Swept:
    """Remove what runs whose runner is gone have left behind: processes first, which may still write into the
    folders."""
    runs = (folder or state_folder()) / "runs"
    abandoned = [path for path in _ledgers(runs) if not _runs(path.stem)]
    processes = sum(_kill_listed(path) for path in abandoned)
    for _ in range(SWEEPS):
        if abandoned:  # there was a mess: a child still on its way to its program shows its mark only then
            wait.pause(SETTLING_SECONDS)
        found = _sweep_marked(runs)
        processes += found
        if not found:
            break
    removed = container_marks.Removed()
    for turn in range(SWEEPS):
        found_now = container_marks.remove(runs, lambda runner: not _runs(runner))
        removed += found_now
        if not found_now.any and (turn or not abandoned):
            break
        wait.pause(SETTLING_SECONDS)  # what a runner asked of Docker just before its end may be on its way
    folders = sum(_remove_listed(path) for path in abandoned)
    return Swept(processes, folders, removed.containers, removed.networks, removed.volumes)


def _ledgers(runs: Path) -> list[Path]:
    """The ledgers there are; other people's files are none of ours."""
    found = sorted(runs.glob("[0-9]*-*.jsonl")) if runs.is_dir() else []
    return [path for path in found if re.fullmatch(r"\d+-\d+(\.\d+)?(\+\d+)?", path.stem)]


def _runs(mark: str) -> bool:
    pid, _, started = mark.partition("+")[0].partition("-")
    return _is(int(pid), float(started))


def _sweep_marked(runs: Path) -> int:
    """Kill the groups of processes marked by a runner that is gone: killed between a start and its ledger entry.

    Only those of runners that keep their ledgers in the same folder: another user's, or a test's, are theirs to sweep.
    """
    killed = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ValueError, ProcessLookupError):
            runner, _, folder = process.environ().get(MARK, "").partition(" ")
            if runner and folder == str(runs) and not _runs(runner) and process.status() != psutil.STATUS_ZOMBIE:
                killed += kill_group(os.getpgid(process.pid), process.create_time())
    return killed


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a ledger; a line that was torn by a crash is passed over."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                yield entry


def _kill_listed(path: Path) -> int:
    """Kill the process groups of a ledger; how many processes that were."""
    killed = 0
    for entry in _entries(path):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            killed += kill_group(int(entry["pid"]), float(entry["started"]))
    return killed


def _remove_listed(path: Path) -> int:
    """Remove the folders of a ledger, and the ledger; how many folders that were."""
    removed = 0
    for entry in _entries(path):
        folder = entry.get("folder")
        if isinstance(folder, str) and Path(folder).exists():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    path.unlink(missing_ok=True)
    return removed


def kill_group(pid: int, started: float) -> int:
    """SIGKILL the group a process leads, if that process (or a member it left behind) is still the one we started."""
    members = [p for p in psutil.process_iter(["pid"]) if _group(p.pid) == pid and p.status() != psutil.STATUS_ZOMBIE]
    if not members or (_group(pid) == pid and not _began(pid, started)):
        return 0
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    wait.until(
        lambda: (
            not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in members if psutil.pid_exists(p.pid))
        ),
        deadline=10,
        saying=f"process group {pid} to be gone after SIGKILL",
        every=0.02,
    )
    return len(members)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def _started(pid: int) -> float:
    return round(psutil.Process(pid).create_time(), 2)


def _is(pid: int, started: float) -> bool:
    try:
        return _began(pid, started) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _began(pid: int, started: float) -> bool:
    """Whether the pid is still that process, running or ended and not yet waited for."""
    try:
        return abs(psutil.Process(pid).create_time() - started) < 0.1
    except psutil.Error:
        return False
