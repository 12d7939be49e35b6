"""What the parts of the harness owe each other. Siblings meet only through these.

A service is inert; a launcher makes an instance of it; generators put traffic through the stack; sinks record what it
emits; probes ask one read-only question; checks judge documents or the recorded history; reporters write it down.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from harness.model import (
    Component,
    Finding,
    Level,
    Outcome,
    OverlayChange,
    Position,
    Report,
    Severity,
)

D = TypeVar("D")


class Documents(Protocol):
    """The parsed configuration under test: every artifact, with positions."""

    def of(self, kind: type[D]) -> tuple[D, ...]:
        """All documents of one kind, in path order; empty when the configuration has none."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may know besides its subject: the other documents, and the fixtures, which are data.

    `fixtures` maps a file's stem under `fixtures/` (`catalog`, `baselines`, `routing`, …) to its parsed content.
    `levels` maps a service that took part in the run to its level of proof.
    """

    documents: Documents
    fixtures: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)

    def baseline(self, name: str) -> Mapping[str, Any]:
        """The entry of `fixtures/baselines.yml` with that id. Raises LookupError when there is none."""
        entries: Iterable[Mapping[str, Any]] = self.fixtures["baselines"]["baselines"]
        for entry in entries:
            if entry["id"] == name:
                return entry
        raise LookupError(f"no baseline {name}")


class Check(ABC):
    """A linter rule or a run verifier: one pure function from a subject to outcomes. Its docstring is its manual.

    `subject` is a document type, the `Documents` protocol (a check across artifacts), or `History` (a run verifier).
    `baseline` is the id in `fixtures/baselines.yml` that the check measures, if any; `suite` the suite whose recording
    a run verifier reads. A verifier passes only on a `Proof`; a linter rule passes when it finds nothing.
    """

    severity: ClassVar[Severity] = Severity.BUG
    subject: ClassVar[Any]
    baseline: ClassVar[str] = ""
    suite: ClassVar[str] = ""

    @property
    def id(self) -> str:
        """`<subject>/<name>`, from the place of the module below `harness.checks`."""
        parts = type(self).__module__.split(".checks.")[-1].split(".")
        return "/".join(parts).replace("_", "-")

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(type(self)) or "").split("\n", 1)[0]

    @abstractmethod
    def examine(self, subject: Any, context: Context) -> Iterable[Outcome]:
        """Yield what was found wrong, what could not be decided, and what was proven."""

    def finding(
        self, position: Position, message: str, *, also: Iterable[Position] = (), severity: Severity | None = None
    ) -> Finding:
        """A finding of this check at a place, with the check's own severity unless told otherwise."""
        return Finding(self.id, self.severity if severity is None else severity, position, message, tuple(also))


class Recorder(Protocol):
    """Where observations go while a run is being recorded; safe to call from any thread."""

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        """Append one observation, dated now unless `at` (Unix seconds) is given."""
        ...


class Sink(Protocol):
    """A receiving end the stack sends to. Speaks the real protocol, validates, records, misbehaves on request."""

    name: str

    def start(self) -> None:
        """Listen on a loopback port of the kernel's choosing; returns once connections are accepted."""
        ...

    def stop(self) -> None:
        """Stop listening and release the port; idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class Http:
    """Ready when a GET of `path` answers with one of `statuses`."""

    path: str
    statuses: tuple[int, ...] = (200,)
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Listening:
    """Ready when the port accepts a connection."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """Ready when the log holds `text`."""

    text: str


Readiness = Http | Listening | LogLine


@dataclass(frozen=True, slots=True)
class Plan:
    """How one instance is to be started: everything a launcher needs, rendered, with nothing left to decide.

    `host` and `port` are where it will listen (port 0: it listens nowhere). `unprivileged` asks for a user that is not
    root. `level` is the level of proof an instance started from this plan counts at.
    """

    name: str
    service: str
    argv: tuple[str, ...]
    ready: Readiness
    level: Level
    host: str = "127.0.0.1"
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    owned: tuple[Path, ...] = ()
    unprivileged: bool = False
    deadline_seconds: float = 60.0
    overlay: tuple[OverlayChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A compose file's health check: what Docker runs in the container, and how patient it is. Seconds."""

    test: tuple[str, ...]
    interval: float
    timeout: float
    retries: int
    start_period: float

    @property
    def patience(self) -> float:
        """When Docker calls a container unhealthy that never passed: after the grace, `retries` failures in a row."""
        return self.start_period + self.retries * (self.interval + min(self.timeout, self.interval))


@dataclass(frozen=True, slots=True)
class Mounted:
    """What a container sees at `target`. `source` is a path of this machine, or the name of a volume of this run."""

    kind: Literal["bind", "volume", "tmpfs"]
    source: str
    target: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """How one instance is to be started in a container: the compose file's entry, with this run's endpoints laid over.

    `published` maps container ports (`9090/tcp`) to loopback ports of this machine; `port` is the one that is asked.
    `contents` maps a folder of the container, in one of its volumes, to a folder of this machine that is copied into
    it before the start. With `healthy_later`, its health is not waited for at the start: something else has to be done
    first. `options` are the Docker Engine's own, e.g. `read_only` or `mem_limit`. `needs` are the
    services that must be ready before, with the compose file's condition.
    """

    name: str
    service: str
    image: str
    level: Level
    ready: Readiness
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mounted, ...] = ()
    published: Mapping[str, int] = field(default_factory=dict)
    networks: tuple[str, ...] = ("default",)
    aliases: tuple[str, ...] = ()
    health: Healthcheck | None = None
    healthy_later: bool = False
    contents: Mapping[str, Path] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    deadline_seconds: float = 60.0
    overlay: tuple[OverlayChange, ...] = ()


class Instance(Protocol):
    """A running service."""

    name: str
    service: str
    level: Level
    host: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        """`http://host:port`."""
        ...

    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    def kill(self) -> None:
        """SIGKILL, for faults on purpose."""
        ...

    def stop(self) -> None:
        """Ask it to stop, insist after a deadline; idempotent; returns once it is gone."""
        ...


class Launcher(Protocol):
    """Turns a plan into a ready instance, and leaves nothing behind."""

    name: str

    def launch(self, plan: Plan) -> Instance:
        """Start it and wait until it is ready; raises StackError with status and log tail when it is not."""
        ...

    def run(self, argv: tuple[str, ...], deadline_seconds: float) -> str:
        """Run a program to its end and return what it said; raises StackError when it fails or does not end."""
        ...


class Reporter(Protocol):
    """Writes a report down in one format."""

    name: str

    def write(self, report: Report, folder: Path) -> Path:
        """Write the report into the run folder and return the file's path."""
        ...


__all__ = [
    "Check",
    "Component",
    "ContainerPlan",
    "Context",
    "Documents",
    "Healthcheck",
    "Http",
    "Instance",
    "Launcher",
    "Listening",
    "LogLine",
    "Mounted",
    "Plan",
    "Readiness",
    "Recorder",
    "Reporter",
    "Sink",
]
