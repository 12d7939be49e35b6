"""Runs services in containers, on networks of the run's own, as the compose file says.

testcontainers creates and starts them. Readiness is the compose file's own health check, run in the container, and the
published port. What a run makes carries its mark, so that a later run can remove it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import Mount, Ulimit
from testcontainers.core.config import testcontainers_config
from testcontainers.core.network import Network

from harness import wait
from harness.contracts import ContainerPlan, Healthcheck, Instance, Mounted
from harness.errors import DeadlineError, GaveUpError, StackError
from harness.launchers import daemon
from harness.launchers.container_marks import labels
from harness.launchers.container_start import Contained
from harness.launchers.ledger import Ledger
from harness.launchers.process import describe, failed, is_ready
from harness.model import Level

STOP_SECONDS, REMOVE_SECONDS = 5, 30
PROBE_SECONDS = 0.3
HEALTH_SECONDS, UNREACHED_SECONDS = 2.0, 10.0
STATE_SECONDS = 0.4
"""How old an answer about a container's state may be; it is asked for in every wait."""


@dataclass
class ContainerInstance:
    """A service in a container."""

    name: str
    service: str
    level: Level
    host: str
    port: int
    log: Path
    started: float
    _container: Any = field(repr=False)
    boot_seconds: float = 0.0
    log_begins: int = 0
    _state: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _asked: float = field(default=0.0, repr=False)
    _logging: threading.Thread | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """`http://host:port` of the published port."""
        return f"http://{self.host}:{self.port}"

    @property
    def container_id(self) -> str:
        """Docker's name for it."""
        return str(self._container.id)

    def state(self, *, fresh: bool = False) -> Mapping[str, Any]:
        """The container's state as Docker tells it; empty when it is gone."""
        if fresh or time.monotonic() - self._asked > STATE_SECONDS:
            try:
                self._container.reload()
                self._state = self._container.attrs["State"]
            except NotFound:
                self._state = {"Status": "removed"}
            except (DockerException, OSError):
                self._state = {"Status": "unknown: Docker does not answer"}
            self._asked = time.monotonic()
        return self._state

    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.state().get("Running"))

    def execute(self, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a command in it, as `docker exec` does: its status, and what it said. Raises StackError."""
        try:
            done = self._container.exec_run(list(words), environment=dict(environment))
        except (DockerException, OSError) as error:
            raise StackError(f"{words[0]} could not be run in {self.name}: {str(error)[:200]}") from error
        return int(done.exit_code), done.output.decode("utf-8", "replace").strip()

    def exit_status(self) -> str:
        """What a person wants to know of how it ended."""
        state = self.state(fresh=True)
        if state.get("Running"):
            return "still running"
        if state.get("OOMKilled"):
            return "killed: it took more memory than its limit"
        code = state.get("ExitCode")
        if code is None:
            return str(state.get("Status", "gone"))
        return f"exited with status {code}" + (", killed by SIGKILL" if code == 137 else "")

    def log_tail(self, lines: int = 12) -> str:
        """The last lines it wrote, asked of Docker while it has them."""
        with contextlib.suppress(DockerException, OSError):
            return str(self._container.logs(tail=lines).decode("utf-8", "replace")).rstrip()
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        return ""

    def follow(self) -> None:
        """Copy what it writes into its log file, until it ends."""
        self._logging = threading.Thread(target=self._follow, name=f"log of {self.name}", daemon=True)
        self._logging.start()

    def _follow(self) -> None:
        with contextlib.suppress(Exception), self.log.open("ab") as file:
            for piece in self._container.logs(stream=True, follow=True):
                file.write(piece)
                file.flush()

    def kill(self) -> None:
        """SIGKILL, for faults on purpose."""
        with contextlib.suppress(DockerException):
            self._container.kill()
        self._asked = 0.0

    def stop(self) -> None:
        """Ask it to stop, insist after a deadline, remove it; idempotent; returns once it is gone."""
        with contextlib.suppress(DockerException, OSError):
            self._container.stop(timeout=STOP_SECONDS)
        if self._logging:
            self._logging.join(timeout=2)
        with contextlib.suppress(DockerException, OSError):
            self._container.remove(force=True, v=True)
        self._asked = 0.0


class ContainerLauncher:
    """Starts plans in containers. `open` makes a network, `close` removes networks and volumes."""

    name = "container"

    def __init__(self, logs: Path, ledger: Ledger) -> None:
        testcontainers_config.ryuk_disabled = True
        self._logs = logs
        self._labels = labels(ledger.mark)
        self._prefix = f"harness-{ledger.mark.partition(' ')[0].replace('.', '-')}"
        self._networks: dict[str, Network] = {}
        self._volumes: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._cancelled = False
        try:
            self._client = daemon.connect(REMOVE_SECONDS)
        except DockerException as error:
            raise refused("containers", error) from error
        logs.mkdir(parents=True, exist_ok=True)

    def cancel(self) -> None:
        """Have whoever waits for an instance to be ready give up at once."""
        self._cancelled = True

    def gateway(self, network: str = "default") -> str:
        """The address of this machine on a network: what listens there, containers reach, and nobody beyond."""
        made = self._network(network)
        for config in self._client.networks.get(made.name).attrs["IPAM"]["Config"]:
            if ipaddress.ip_address(config.get("Gateway", "::")).version == 4:
                return str(config["Gateway"])
        raise StackError(f"the network {network} has no address of this machine", hint="See: docker network inspect")

    def _network(self, name: str) -> Network:
        with self._lock:
            if name not in self._networks:
                made = Network(docker_network_kw={"labels": self._labels, "driver": "bridge"})
                made.name = f"{self._prefix}-{name}"
                try:
                    made.create()
                except DockerException as error:
                    raise refused("a network", error) from error
                self._networks[name] = made
            return self._networks[name]

    def launch(self, plan: ContainerPlan) -> ContainerInstance:
        """Start it and wait until it is ready; raises StackError with status and log tail when it is not."""
        began = time.monotonic()
        instance = self._start(plan)
        try:
            self._wait(plan, instance)
        except BaseException:
            instance.stop()
            raise
        instance.boot_seconds = time.monotonic() - began
        return instance

    def _start(self, plan: ContainerPlan) -> ContainerInstance:
        container = Contained(
            plan.image,
            env=dict(plan.environment),
            name=f"{self._prefix}-{plan.name}",
            network=self._network(plan.networks[0]),
            network_aliases=[*plan.aliases],
            ports=None,
            labels=self._labels,
            mounts=[self._mount(plan, mount) for mount in plan.mounts if mount.kind != "tmpfs"],
            **_options(plan),
        )
        if plan.command:
            container.with_command(list(plan.command))
        container.ports = {inside: (plan.host, port) for inside, port in plan.published.items()}  # type: ignore[misc]
        for mount in plan.mounts:
            if mount.kind == "tmpfs":
                container.with_tmpfs_mount(mount.target, mount.mode or None)
        for target, source in plan.contents.items():
            container.with_copy_into_container(source, target)
        try:
            self._client.images.get(plan.image)  # testcontainers would pull it, without end
            container.start()
            wrapped = container.get_wrapped_container()
            for name in plan.networks[1:]:
                self._network(name).connect(wrapped.id, [*plan.aliases])
        except (DockerException, OSError) as error:
            with contextlib.suppress(DockerException, OSError):
                container.stop()
            raise refused(plan.name, error, plan) from error
        # Not testcontainers' get_container_host_ip: 4.15 answers the bridge's gateway on a machine with a /.dockerenv.
        log = self._logs / f"{plan.name}.log"
        instance = ContainerInstance(
            plan.name, plan.service, plan.level, plan.host, plan.port, log, time.time(),
            wrapped, log_begins=log.stat().st_size if log.exists() else 0,
        )  # fmt: skip
        instance.follow()
        return instance

    def _mount(self, plan: ContainerPlan, mount: Mounted) -> Mount:
        read_only = "ro" in mount.mode.split(",")
        if mount.kind == "bind":
            propagation = next((word for word in mount.mode.split(",") if word.lstrip("r") in _SHARING), None)
            return Mount(mount.target, mount.source, type="bind", read_only=read_only, propagation=propagation)
        return Mount(mount.target, self._volume(plan.name, mount), type="volume", read_only=read_only)

    def _volume(self, instance: str, mount: Mounted) -> str:
        name = f"{self._prefix}-{instance}-{mount.source or mount.target.strip('/').replace('/', '-')}"
        with self._lock:
            if name not in self._volumes:
                self._volumes[name] = self._client.volumes.create(name, labels=self._labels)
        return name

    def _wait(self, plan: ContainerPlan, instance: ContainerInstance) -> None:
        last, patience = ["nothing yet"], plan.deadline_seconds
        published = _Published(plan, instance)

        def ready() -> bool:
            if is_ready(instance, plan.ready, last):
                return True
            published.require_reached()
            return False

        self._until(plan, instance, ready, patience, describe(plan), last)
        if plan.health and not plan.healthy_later:
            self.require_healthy(plan, instance)

    def require_healthy(self, plan: ContainerPlan, instance: Instance) -> None:
        """Wait until the compose file's health check passes in the container, as patient as it says."""
        if plan.health is None or not isinstance(instance, ContainerInstance):
            return
        health, last = plan.health, ["nothing yet"]
        what = f"health check {' '.join(health.test[1:])}"
        self._until(plan, instance, lambda: _passes(instance, health, last), health.patience, what, last)

    def _until(
        self, plan: ContainerPlan, instance: ContainerInstance, ready: Any, patience: float, what: str, last: list[str]
    ) -> None:
        try:
            wait.until(
                lambda: self._cancelled or not instance.alive() or ready(),
                deadline=patience,
                saying=f"{plan.name} to be ready ({what})",
                every=PROBE_SECONDS,
                seen=lambda: last[0],
            )
        except DeadlineError as error:
            raise failed(instance, error.message) from error
        if self._cancelled:
            raise GaveUpError(f"{plan.name} was stopped while it booted, because something else went wrong")
        if not instance.alive():
            full = " because the disk is full" if "no space left on device" in instance.log_tail().lower() else ""
            raise failed(instance, f"{plan.name} {instance.exit_status()} before it was ready{full}")

    def close(self) -> None:
        """Remove the networks and volumes of the run; idempotent. Never raises."""
        for network in self._networks.values():
            with contextlib.suppress(DockerException, OSError):
                network.remove()
        for volume in self._volumes.values():
            with contextlib.suppress(DockerException, OSError):
                volume.remove(force=True)
        self._networks.clear()
        self._volumes.clear()
        with contextlib.suppress(DockerException, OSError):
            self._client.close()


class _Published:
    """Notices a container that is healthy, while nothing answers at the port it publishes: that port is wrong."""

    def __init__(self, plan: ContainerPlan, instance: ContainerInstance) -> None:
        self._plan = plan
        self._instance = instance
        self._asked = self._healthy_since = time.monotonic()
        self._healthy = False

    def require_reached(self) -> None:
        """Raise StackError once it has been healthy for a while without being reached."""
        now = time.monotonic()
        if self._plan.health is None or self._plan.healthy_later or now - self._asked < HEALTH_SECONDS:
            return
        self._asked = now
        if not _passes(self._instance, self._plan.health, [""]):
            self._healthy = False
        elif not self._healthy:
            self._healthy, self._healthy_since = True, now
        elif now - self._healthy_since >= UNREACHED_SECONDS:
            ports = ", ".join(self._plan.published)
            message = f"{self._plan.name} is healthy, but nothing answers at the port it publishes, {ports}"
            raise failed(self._instance, message)


_SHARING = ("private", "shared", "slave")


def _passes(instance: ContainerInstance, health: Healthcheck, last: list[str]) -> bool:
    """Run the health check as Docker does: the command in the container, status 0 is healthy."""
    kind, *words = health.test
    command = ["/bin/sh", "-c", " ".join(words)] if kind == "CMD-SHELL" else words
    try:
        done = instance._container.exec_run(command)
    except (DockerException, OSError) as error:
        last[0] = str(error)[:200]
        return False
    last[0] = f"status {done.exit_code}: {done.output.decode('utf-8', 'replace').strip()[-300:]}"
    return bool(done.exit_code == 0)


def _options(plan: ContainerPlan) -> dict[str, Any]:
    """Docker's own options of a plan, in the client's spelling."""
    options = dict(plan.options)
    if "ulimits" in options:
        options["ulimits"] = [Ulimit(**limit) for limit in options["ulimits"]]
    if plan.entrypoint:
        options["entrypoint"] = list(plan.entrypoint)
    if plan.health:
        health = plan.health
        times = {"interval": health.interval, "timeout": health.timeout, "start_period": health.start_period}
        nanoseconds = {name: int(value * 1e9) for name, value in times.items()}
        options["healthcheck"] = {"test": list(health.test), "retries": health.retries, **nanoseconds}
    return options


def refused(what: str, error: Exception, plan: ContainerPlan | None = None) -> StackError:
    """What Docker's refusal means to a person."""
    text = str(getattr(error, "explanation", "") or error)
    image = plan.image if plan else ""
    if isinstance(error, ImageNotFound) or "No such image" in text or "pull access denied" in text:
        return StackError(f"{what}: the image {image} is not on this machine", hint=f"docker pull {image}")
    if "port is already allocated" in text or "address already in use" in text:
        return StackError(f"{what}: a port is taken", hint=f"{text}\nSee who has it: ss -ltnp")
    if "no space left on device" in text.lower():
        return StackError(f"{what}: the disk is full", hint=f"{text}\nSee: df -h; docker system df")
    if "permission denied" in text.lower():
        return StackError(f"{what}: no permission to use Docker", hint=f"{text}\nIs this user in the group docker?")
    if isinstance(error, APIError):
        return StackError(f"{what}: Docker refuses to start it: {text}")
    return StackError(f"{what}: Docker does not answer: {text}", hint="Is the daemon running? See: docker info")
