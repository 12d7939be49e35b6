"""The wired instances of one run: what is booted, in which order, and how the parts find each other.

Everything is started in parallel as far as it depends on nothing else, and everything is stopped, whatever happens.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contracts import ContainerPlan, Instance, Launcher, Plan, Recorder, Sink
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.errors import GaveUpError, StackError
from harness.events import Listener, Progress
from harness.launchers.ports import PortLeases
from harness.model import Level, OverlayChange
from harness.services.elasticsearch_access import Access
from harness.toolchain import Extras, Toolchain
from harness.wait import until

if TYPE_CHECKING:  # it brings the client of Docker along, which most commands never need
    from harness.launchers.container import ContainerLauncher

STOP_SECONDS = 20.0
NEED_SECONDS = 180.0
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a run keeps things: `run` stays (logs, history, report), `scratch` goes when the run ends."""

    run: Path
    scratch: Path

    @property
    def volumes(self) -> Path:
        """The named volumes of the compose file."""
        return self.scratch / "volumes"


@dataclass
class Stack:
    """What suites exercise. Instances by name; `url("prometheus")` is where one answers."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    toolchain: Toolchain
    workspace: Workspace
    launcher: Launcher
    ports: PortLeases
    recorder: Recorder
    seed: int = 1
    listener: Listener = lambda _: None
    extras: Extras = field(default_factory=Extras)
    fixtures_folder: Path = Path()
    thorough: bool = False
    named: bool = False
    instances: dict[str, Instance] = field(default_factory=dict)
    lanes: dict[str, Any] = field(default_factory=dict)
    sinks: list[Sink] = field(default_factory=list)
    overlay: list[OverlayChange] = field(default_factory=list)
    levels: dict[str, Level] = field(default_factory=dict)
    access: Access | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    plans: dict[str, Plan | ContainerPlan] = field(default_factory=dict)
    _down: set[str] = field(default_factory=set)
    contained: Mapping[str, Level] = field(default_factory=dict)
    containers: ContainerLauncher | None = None
    booting: set[str] = field(default_factory=set)
    _stops: list[Callable[[], None]] = field(default_factory=list)
    _memory: dict[str, Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopping: bool = False

    @property
    def compose(self) -> Compose:
        """The compose file under test. Raises StackError when there is none."""
        found = self.configuration.of(Compose)
        if not found:
            raise StackError("the configuration has no compose file, so nothing says how the services run")
        return found[0]

    def url(self, name: str) -> str:
        """`http://host:port` of a running instance, by its name or its service's."""
        return self.instance(name).url

    def instance(self, name: str) -> Instance:
        """A running instance by name, or by an alias such as `prometheus`. Raises StackError when it was not booted."""
        with self._lock:
            found = self.instances.get(self.aliases.get(name, name))
        if found is None:
            raise StackError(f"{name} is not part of this run", hint=f"Running: {', '.join(sorted(self.instances))}.")
        return found

    def extra(self, name: str) -> Path:
        """The program of an extra component that the suite names in `EXTRAS`; waits until it is made.

        Raises SetUpError or DeadlineError, which make the suite unknown for that reason.
        """
        return self.extras.binary(name)

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of an Elasticsearch user."""
        if self.access is None:
            raise StackError("Elasticsearch is not part of this run")
        return self.access.auth(user)

    @property
    def log_folder(self) -> Path:
        """The folder that the backend's log volume is on this machine."""
        target = self.fixtures["deployment"]["logs"]["folder"]
        for service in self.compose.services:
            for mount in service.mounts:
                if mount.target == target and mount.kind == "volume":
                    folder = self.workspace.volumes / "logs" / mount.source
                    folder.mkdir(parents=True, exist_ok=True)
                    return folder
        raise StackError(f"no service mounts a volume at {target}, where the backend writes its logs")

    def remember(self, key: str, value: Any) -> None:
        """Keep something one suite made for a later one, e.g. the generator's ground truth."""
        self._memory[key] = value

    def recall(self, key: str) -> Any:
        """What an earlier suite remembered; None when it did not run."""
        return self._memory.get(key)

    def progress(self, text: str, done: float | None = None, total: float | None = None, phase: str = "") -> None:
        """Tell the person who follows the run."""
        self.listener(Progress(phase, text, done, total))

    def host_for(self, service: str) -> str:
        """Where something on this machine must listen so that a service reaches it."""
        if service in self.contained and self.containers:
            return self.containers.gateway()
        return LOOPBACK

    def launch(self, plan: Plan | ContainerPlan) -> Instance:
        """Launch a plan, keep the instance and what was laid over its configuration."""
        with self._lock:
            if self._stopping:
                raise StackError("the stack is being stopped")
        instance = self._launched(plan)
        with self._lock:
            self.instances[plan.name] = instance
            self.plans[plan.name] = plan
            self.levels[plan.service] = min(plan.level, self.levels.get(plan.service, plan.level))
            self.overlay.extend(plan.overlay)
        self.recorder.record(
            "boot",
            plan.name,
            {
                "service": plan.service,
                "seconds": round(getattr(instance, "boot_seconds", 0.0), 3),
                "level": plan.level.label,
            },
        )
        self.progress(f"{plan.name} {getattr(instance, 'boot_seconds', 0.0):.1f}", phase="boot")
        return instance

    def kill(self, name: str) -> None:
        """SIGKILL an instance on purpose: until it is started again, nobody takes it for one that died."""
        instance = self.instance(name)
        with self._lock:
            self._down.add(instance.name)
        instance.kill()
        self.recorder.record("killed", instance.name, {"service": instance.service})

    def start_again(self, name: str) -> Instance:
        """Start a killed instance as it was started before. Raises StackError when it does not come up.

        It gets twice the time of a fresh start: it first recovers what it had stored, beside whatever else goes on.
        """
        killed = self.instance(name)
        before = self.plans[killed.name]
        plan = replace(before, deadline_seconds=2 * before.deadline_seconds)
        killed.stop()
        try:
            instance = self._launched(plan)
        except StackError:
            with self._lock:
                self._down.discard(killed.name)  # from now on it is one that died
            raise
        with self._lock:
            late = self._stopping  # `stop` has taken its list, on which this one is not
            self.instances[plan.name] = instance
            self._down.discard(plan.name)
        if late:
            instance.stop()
            raise StackError("the stack is being stopped")
        seconds = round(getattr(instance, "boot_seconds", 0.0), 3)
        self.recorder.record("restarted", plan.name, {"service": plan.service, "seconds": seconds})
        return instance

    def _launched(self, plan: Plan | ContainerPlan) -> Instance:
        if isinstance(plan, Plan):
            return self.launcher.launch(plan)
        if self.containers is None:
            raise StackError(f"{plan.name} is to run in a container, and nothing starts containers here")
        for service in plan.needs:
            self._await(plan, service)
        return self.containers.launch(plan)

    def _await(self, plan: ContainerPlan, service: str) -> None:
        """Wait for a service that the compose file wants up before, if it is part of this run at all."""

        def there() -> bool:
            self.require_alive()
            with self._lock:
                return self._stopping or any(i.service == service for i in self.instances.values())

        if service in self.booting:
            until(there, deadline=NEED_SECONDS, saying=f"{service}, which {plan.service} depends on")

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Have something else stopped with the stack."""
        self._stops.append(stop)

    def require_alive(self) -> None:
        """Raise StackError naming the instances that died, so that a wait for them ends at once."""
        if dead := self.dead():
            raise StackError(f"{', '.join(dead)} died during the run")

    def dead(self) -> list[str]:
        """The instances that should be running and are not."""
        with self._lock:
            if self._stopping:
                return []
            return [n for n, instance in self.instances.items() if n not in self._down and not instance.alive()]

    def cancel(self) -> None:
        """Have whatever is still booting give up."""
        self._stopping = True
        for launcher in (self.launcher, self.containers):
            getattr(launcher, "cancel", lambda: None)()

    def stop(self) -> None:
        """Stop everything, newest first, in parallel; idempotent. Never raises."""
        with self._lock:
            self._stopping = True
            instances = list(self.instances.values())
        for stop in reversed(self._stops):
            with contextlib.suppress(Exception):
                stop()
        with ThreadPoolExecutor(max(1, len(instances))) as pool:
            wait_for([pool.submit(instance.stop) for instance in instances], timeout=STOP_SECONDS)
        if self.containers:
            self.containers.close()
        for sink in self.sinks:
            with contextlib.suppress(Exception):
                sink.stop()


class Watch:
    """Notices, while a run goes on, that an instance died, and records it once with what it last said."""

    def __init__(self, stack: Stack, interval_seconds: float = 0.5) -> None:
        self._stack = stack
        self._interval = interval_seconds
        self._over = threading.Event()
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=5)
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(self._interval):
            self._look()

    def _look(self) -> None:
        for name in self._stack.dead():
            if name not in self._seen:
                self._seen.add(name)
                instance = self._stack.instances[name]
                how = getattr(instance, "exit_status", lambda: "gone")()
                tail = getattr(instance, "log_tail", lambda: "")()
                data = {"service": instance.service, "how": how, "log": str(instance.log), "tail": tail}
                self._stack.recorder.record("service-died", name, data)


def in_parallel(
    steps: Mapping[str, tuple[Sequence[str], Callable[[], None]]], cancel: Callable[[], None] = lambda: None
) -> None:
    """Run named steps, each as soon as those it needs are done. The first failure is raised once all have ended,
    before any that only followed from it.

    `cancel` is called as soon as one failed, or the person interrupted, so that the others do not wait for their end.
    """
    _require_an_order({name: needs for name, (needs, _) in steps.items()})
    done: dict[str, Future[None]] = {}
    failed: list[BaseException] = []
    finished = threading.Condition()
    complete: set[str] = set()

    def run(name: str, needs: Sequence[str], step: Callable[[], None]) -> None:
        with finished:
            finished.wait_for(lambda: failed or all(need in complete for need in needs))
            if failed:
                return
        try:
            step()
        except BaseException as error:
            with finished:
                failed.append(error)
                finished.notify_all()
            cancel()
            return
        with finished:
            complete.add(name)
            finished.notify_all()

    with ThreadPoolExecutor(max(1, len(steps))) as pool:
        for name, (needs, step) in steps.items():
            done[name] = pool.submit(run, name, needs, step)
        try:
            wait_for(done.values())
        except BaseException:
            cancel()
            with finished:
                failed.append(StackError("interrupted"))
                finished.notify_all()
            raise
    if failed:
        raise next((error for error in failed if not isinstance(error, GaveUpError)), failed[0])


def _require_an_order(needs: Mapping[str, Sequence[str]]) -> None:
    """Raise StackError for a step that would wait for ever."""
    for name, needed in needs.items():
        if missing := [need for need in needed if need not in needs]:
            raise StackError(f"{name} waits for {', '.join(missing)}, which nothing makes")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise StackError(f"these wait for each other: {' → '.join(error.args[1])}") from error
