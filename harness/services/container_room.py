"""The room of a service that runs in a container: paths stay as the container has them, mounts are mounts.

The copies that the overlay is written into lie below the room's root; the container gets each at the place where the
compose file mounts the original.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

from harness.contracts import Healthcheck, Mounted
from harness.documents.compose import Mount, Service
from harness.documents.durations import seconds
from harness.documents.positions import View
from harness.errors import StackError
from harness.model import OverlayChange
from harness.services.room import Room

MACHINE = ("/", "/proc", "/sys", "/dev", "/run", "/etc")
"""Paths of the host that say what machine this is; from any other a container gets an empty folder."""

_READ = {
    "image", "command", "entrypoint", "environment", "volumes", "ports", "depends_on", "healthcheck", "networks",
    "read_only", "cap_drop", "cap_add", "security_opt", "pid", "user", "tmpfs", "ulimits", "deploy", "hostname",
    "working_dir", "init", "shm_size", "privileged", "expose", "labels",
}  # fmt: skip
_LEFT = {
    "restart": "a container that ends is to be seen, not started again",
    "container_name": "several runs may go on at once",
    "logging": "the log is read by the run",
    "stop_grace_period": "a run does not wait for long goodbyes",
}
_DEFAULT_HEALTH = {"interval": 30.0, "timeout": 30.0, "start_period": 0.0}
_SCALARS = {
    "read_only": "read_only",
    "pid": "pid_mode",
    "user": "user",
    "hostname": "hostname",
    "working_dir": "working_dir",
    "init": "init",
    "shm_size": "shm_size",
    "privileged": "privileged",
}
_PROPAGATED = ("slave", "rslave", "shared", "rshared")
_CAP_SYS_RESOURCE = 24
_MOUNTS = Path("/proc/self/mountinfo")
_LISTS = ("cap_drop", "cap_add", "security_opt")


class ContainerRoom(Room):
    """One instance's mounts, options and health check, as its compose entry has them."""

    def here(self, spelled: str) -> Path:
        """The copy of what the container has at a path."""
        return self.path(spelled)

    def localise(self, text: str) -> str:
        """As it is: the container's own paths."""
        return text

    @property
    def entry(self) -> Service:
        """The compose file's entry."""
        return self.deployment.service(self.service)

    def image(self) -> str:
        """The tag that the compose file names, variables filled in."""
        return self.deployment.filled(self.entry.image)

    def entrypoint(self) -> tuple[str, ...]:
        """The entry point that overrides the image's; empty when it is left to the image."""
        return self.deployment.words(self.entry.entrypoint)

    def mounts(self) -> tuple[Mounted, ...]:
        """What the container sees where: files under test with the overlay, volumes of this run, the machine."""
        return tuple(self._mounted(mount) for mount in self.entry.mounts)

    def _mounted(self, mount: Mount) -> Mounted:
        target = self.deployment.filled(mount.target)
        if mount.kind == "tmpfs":
            return Mounted("tmpfs", "", target, mount.mode)
        if mount.kind in ("volume", "anonymous"):
            if mount.kind == "volume" and mount.source not in self.deployment.compose.volumes:
                raise StackError(
                    f"{self.service} mounts the volume {mount.source}, which the file does not declare",
                    at=mount.position,
                    hint="List it under the top-level `volumes:`.",
                )
            return Mounted("volume", mount.source, target, mount.mode)
        source = self.deployment.filled(mount.source)
        if source.startswith("/") and source.rstrip("/") + "/" in {f"{p.rstrip('/')}/" for p in MACHINE}:
            return Mounted("bind", source, target, self._propagated(source, mount.mode))
        if source.startswith("/"):
            self.note(f"- {source}:{target}", "a path of the host is an empty folder here: nobody's files are read")
        return Mounted("bind", str(self.path(target)), target, mount.mode)

    def _propagated(self, source: str, mode: str) -> str:
        """The mode less a propagation that Docker refuses because the machine does not share that mount."""
        words = mode.split(",")
        kept = [word for word in words if word not in _PROPAGATED] if not _is_shared(source) else words
        if kept != words:
            self.note(f"- {source}: {mode}\n+ {source}: {','.join(kept)}", "this machine does not share that mount")
        return ",".join(kept)

    def ports(self) -> tuple[str, ...]:
        """The container ports that the compose file publishes, e.g. `9090/tcp`."""
        filled = self.deployment.filled
        return tuple(f"{filled(port.container)}/{port.protocol}" for port in self.entry.ports)

    def networks(self) -> tuple[str, ...]:
        """The networks of the compose file that the service is on; `default` when it names none."""
        value = self.entry.view["networks"].value
        names = tuple(value) if isinstance(value, dict) else self.entry.view.texts("networks")
        for name in names:
            if name not in self.deployment.compose.networks and name != "default":
                raise StackError(
                    f"{self.service} is on the network {name}, which the file does not declare",
                    at=self.entry.at("networks"),
                    hint="List it under the top-level `networks:`.",
                )
        return names or ("default",)

    def health(self) -> Healthcheck | None:
        """The health check as Docker would run it; None when there is none or it is switched off."""
        view = self.entry.healthcheck
        if not view or view["disable"].value is True:
            return None
        value = view["test"].value
        words = ("CMD-SHELL", str(value)) if isinstance(value, str) else view.texts("test")
        if not words or words[0] == "NONE":
            return None
        times = {name: self._seconds(view, name, usual) for name, usual in _DEFAULT_HEALTH.items()}
        retries = int(view.number("retries") or 3)
        return Healthcheck(self.deployment.words(words), retries=retries, **times)

    def _seconds(self, view: View, name: str, usual: float) -> float:
        text = view.text(name)
        found = seconds(self.deployment.filled(text)) if text else usual
        if found is None:
            raise StackError(f"{self.service}: {text!r} is no duration", at=view.at(name))
        return found

    def options(self) -> dict[str, Any]:
        """What Docker Engine is told besides: user, capabilities, limits. What is not, is kept as a difference."""
        view = self.entry.view
        found: dict[str, Any] = {}
        for name, option in _SCALARS.items():
            if view[name]:
                value = view[name].value
                found[option] = value if isinstance(value, bool) else self.deployment.filled(view.text(name))
        for name in _LISTS:
            if view[name]:
                found[name] = list(self.deployment.words(view.texts(name)))
        found.update(self._limits(view))
        found.update(self._ulimits(view))
        for name in view.entries():
            if name not in _READ:
                why = _LEFT.get(name, "the harness does not know this setting: it is not in force here")
                self.note(f"- {name}: {view[name].value}", why)
        return found

    def _limits(self, view: View) -> dict[str, Any]:
        limits = view["deploy"]["resources"]["limits"]
        found: dict[str, Any] = {}
        if limits["memory"]:
            found["mem_limit"] = self.deployment.filled(limits.text("memory"))
        if limits["pids"]:
            found["pids_limit"] = int(limits.number("pids") or -1)
        if limits["cpus"]:
            wanted, here = float(self.deployment.filled(limits.text("cpus"))), float(os.cpu_count() or 1)
            if wanted > here:  # Docker refuses more than the machine has
                self.note(f"- cpus: {wanted:g}\n+ cpus: {here:g}", "this machine has no more")
            found["nano_cpus"] = int(min(wanted, here) * 1e9)
        return found

    def _ulimits(self, view: View) -> dict[str, Any]:
        entries = view["ulimits"].entries() if view["ulimits"] else {}
        if not entries:
            return {}
        limits = []
        for name, item in entries.items():
            both = item.number("soft") if isinstance(item.value, dict) else float(str(item.value))
            hard = item.number("hard") if isinstance(item.value, dict) else both
            limits.append(self._allowed(name, int(both or 0), int(hard or 0)))
        return {"ulimits": limits}

    def _allowed(self, name: str, soft: int, hard: int) -> dict[str, Any]:
        """A limit as the machine lets it be set: in a sandbox, root may not raise one above its own."""
        kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if kind is not None and _may_not_raise():
            most = resource.getrlimit(kind)[1]
            if most >= 0 and (hard < 0 or hard > most):
                self.note(f"- ulimits: {name} {hard}\n+ ulimits: {name} {most}", "this machine lets nobody raise it")
                soft, hard = (most if soft < 0 else min(soft, most)), most
        return {"Name": name, "Soft": soft, "Hard": hard}

    def note(self, diff: str, why: str) -> None:
        """Keep a difference between the compose file's entry and what runs."""
        self.changes.append(
            OverlayChange(f"{self.deployment.compose.file} {self.service} ({self.instance})", diff, why)
        )


def _may_not_raise() -> bool:
    """Whether this is root without the right to raise limits, and so, most likely, is the Docker daemon."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return False
    held = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return os.geteuid() == 0 and not held >> _CAP_SYS_RESOURCE & 1


def _is_shared(path: str) -> bool:
    """Whether the machine passes on what is mounted below a path; one that cannot tell is taken to."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return True
    above = [m for m in mounts if path == m[4] or path.startswith(m[4].rstrip("/") + "/")]
    nearest = max(above, key=lambda m: len(m[4]), default=[])
    return any(word.startswith(("shared:", "master:")) for word in nearest)
