"""Runs a service as a process of this machine: the real server built here, or our stand-in for one."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Protocol

import psutil
import requests

from harness import wait
from harness.contracts import ContainerPlan, Http, Listening, LogLine, Plan, Readiness
from harness.errors import DeadlineError, GaveUpError, StackError
from harness.launchers.ledger import MARK, Ledger, kill_group
from harness.model import Level

UNPRIVILEGED_USER = "nobody"
STOP_SECONDS = 10.0


class Readable(Protocol):
    """An instance as readiness is asked of it, whatever it runs in."""

    host: str
    port: int
    log: Path
    log_begins: int

    @property
    def url(self) -> str:
        """`http://host:port`."""
        ...

    def exit_status(self) -> str:
        """What a person wants to know of how it ended."""
        ...

    def log_tail(self, lines: int = 12) -> str:
        """The last lines it wrote."""
        ...


@dataclass
class ProcessInstance:
    """A service running as a process group of its own."""

    name: str
    service: str
    level: Level
    host: str
    port: int
    log: Path
    started: float
    _process: subprocess.Popen[bytes] = field(repr=False)
    boot_seconds: float = 0.0
    log_begins: int = 0

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The leader of the process group."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL the whole group, for faults on purpose."""
        kill_group(self.pid, self.started)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)

    def terminate(self) -> None:
        """Ask it to stop, without waiting."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to stop, insist after a deadline; idempotent; returns once the whole group is gone."""
        if self.alive():
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def exit_status(self) -> str:
        """What a person wants to know of how it ended."""
        code = self._process.poll()
        if code is None:
            return "still running"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"

    def log_tail(self, lines: int = 12) -> str:
        """The last lines it wrote."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        return ""


class ProcessLauncher:
    """Starts plans as processes; every one is in the ledger before anything waits for it."""

    name = "process"

    def __init__(self, logs: Path, ledger: Ledger) -> None:
        self._logs = logs
        self._ledger = ledger
        self._cancelled = False
        logs.mkdir(parents=True, exist_ok=True)

    def cancel(self) -> None:
        """Have whoever waits for an instance to be ready give up at once."""
        self._cancelled = True

    def launch(self, plan: Plan) -> ProcessInstance:
        """Start it and wait until it is ready; raises StackError with status and log tail when it is not."""
        began = time.monotonic()
        instance = self._start(plan)
        last: list[str] = ["nothing yet"]
        try:
            wait.until(
                lambda: self._cancelled or not instance.alive() or is_ready(instance, plan.ready, last),
                deadline=plan.deadline_seconds,
                saying=f"{plan.name} to be ready ({describe(plan)})",
                every=0.05,
                seen=lambda: last[0],
            )
        except DeadlineError as error:
            instance.stop()
            raise failed(instance, error.message) from error
        except BaseException:
            instance.stop()
            raise
        if self._cancelled:
            instance.stop()
            raise GaveUpError(f"{plan.name} was stopped while it booted, because something else went wrong")
        if not instance.alive():
            raise failed(instance, f"{plan.name} {instance.exit_status()} before it was ready")
        instance.boot_seconds = time.monotonic() - began
        return instance

    def run(
        self,
        argv: tuple[str, ...],
        deadline_seconds: float,
        environment: Mapping[str, str] = MappingProxyType({}),
        accepted: Collection[int] = (0,),
    ) -> str:
        """Run a program to its end and return what it said; it is in the ledger as services are.

        Raises StackError when it ends with a status that is not accepted, or not within the deadline.
        """
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**_inherited(), **environment, MARK: self._ledger.mark},
            start_new_session=True,
            text=True,
            errors="replace",
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            self._ledger.process(process.pid)
        name = Path(argv[0]).name
        try:
            said, _ = process.communicate(timeout=deadline_seconds)
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{name} did not end within {deadline_seconds:g} s") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_SECONDS)
        if process.returncode not in accepted:
            raise StackError(f"{name} exited with status {process.returncode}", hint=said[-800:])
        return said

    def _start(self, plan: Plan) -> ProcessInstance:
        log = self._logs / f"{plan.name}.log"
        for path in plan.owned if plan.unprivileged else ():
            _give_away(path)
        begins = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            process = _spawn(plan, out, self._ledger.mark)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._ledger.process(process.pid)
        started = time.time()
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(process.pid).create_time()
        return ProcessInstance(
            plan.name, plan.service, plan.level, plan.host, plan.port, log, started, process, log_begins=begins
        )


def _spawn(plan: Plan, out: IO[bytes], mark: str) -> subprocess.Popen[bytes]:
    user: int | None = None
    group: int | None = None
    if plan.unprivileged and os.geteuid() == 0:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
        user, group = entry.pw_uid, entry.pw_gid
    environment = {**_inherited(), **plan.environment, MARK: mark}
    try:
        return subprocess.Popen(
            plan.argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=plan.folder,
            env=environment,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
        )
    except OSError as error:
        raise StackError(f"{plan.name}: cannot start {plan.argv[0]}: {error.strerror or error}") from error


def _inherited() -> dict[str, str]:
    """Only what a program needs of the runner's environment: a service gets its settings from its plan."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "TZ", "TMPDIR") if name in os.environ}


def _give_away(path: Path) -> None:
    if os.geteuid() != 0:
        return
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    for item in (path, *path.rglob("*")):
        os.chown(item, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def is_ready(instance: Readable, ready: Readiness, last: list[str]) -> bool:
    """Whether it is ready; `last` is told what was seen."""
    match ready:
        case Http(path, statuses, authorization):
            headers = {"Authorization": authorization} if authorization else {}
            try:
                response = requests.get(instance.url + path, headers=headers, timeout=2)
            except requests.RequestException as error:
                last[0] = type(error).__name__
                return False
            last[0] = f"HTTP {response.status_code}"
            return response.status_code in statuses
        case Listening():
            with contextlib.suppress(OSError), socket.create_connection((instance.host, instance.port), timeout=1):
                return True
            last[0] = "connection refused"
            return False
        case LogLine(text):
            last[0] = instance.log_tail(1)
            return text.encode() in instance.log.read_bytes()[instance.log_begins :]


def describe(plan: Plan | ContainerPlan) -> str:
    """What readiness is waited for, in words."""
    match plan.ready:
        case Http(path):
            return f"http://{plan.host}:{plan.port}{path}"
        case Listening():
            return f"{plan.host}:{plan.port} to accept a connection"
        case LogLine(text):
            return f"{text!r} in its log"


def failed(instance: Readable, message: str) -> StackError:
    """The error of an instance that is not ready, with its status and the end of its log."""
    tail = "\n".join(f"| {line}" for line in instance.log_tail().splitlines())
    return StackError(message, hint=f"{instance.exit_status()}; the end of {instance.log}:\n{tail}")
