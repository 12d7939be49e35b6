"""Compose files: the services as they are deployed, with ports, volumes and environment in one shape each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.documents.document import Document, Source
from harness.documents.positions import Step, View
from harness.documents.substitution import substitute
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Port:
    """A published port, as text because it may hold variables: `host_ip:host:container/protocol`."""

    host_ip: str
    host: str
    container: str
    protocol: str
    position: Position


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted where: a named volume, a path of the host (`bind`), or an anonymous volume."""

    kind: Literal["volume", "bind", "anonymous", "tmpfs"]
    source: str
    target: str
    read_only: bool
    position: Position
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One service. Texts are as written; `substitute` fills variables in."""

    name: str
    image: str
    command: tuple[str, ...]
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str | None]
    ports: tuple[Port, ...]
    mounts: tuple[Mount, ...]
    depends_on: Mapping[str, str]
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field's value stands; the service otherwise."""
        return self.view.at(*path) if path and self.view[path[0]] else self.view.tree.key_at(*self.view.path)

    @property
    def healthcheck(self) -> View:
        """The health check; falsy when there is none."""
        return self.view["healthcheck"]

    def mounted(self, path: str) -> Mount | None:
        """The mount that holds a container path: the one with the longest target above it."""
        fitting = [m for m in self.mounts if path == m.target or path.startswith(m.target.rstrip("/") + "/")]
        return max(fitting, key=lambda m: len(m.target), default=None)


@dataclass(frozen=True, slots=True)
class Compose(Document):
    """A compose file."""

    services: tuple[Service, ...] = ()
    volumes: Mapping[str, View] = field(default_factory=dict)
    networks: Mapping[str, View] = field(default_factory=dict)

    def service(self, name: str) -> Service | None:
        """The service of that name."""
        return next((service for service in self.services if service.name == name), None)

    def of_image(self, word: str) -> tuple[Service, ...]:
        """The services whose image's repository, or whose name, holds a word such as `filebeat`."""
        return tuple(s for s in self.services if word in s.image.rpartition("/")[2] or word in s.name)

    def environment(self, service: str, values: Mapping[str, str]) -> dict[str, str]:
        """The environment a service gets when compose runs with these values."""
        found = self.service(service)
        declared = found.environment.items() if found else ()
        return {n: values.get(n, "") if v is None else substitute(v, values) for n, v in declared}

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A mapping of `services` with an image or a build, or a file named compose."""
        if source.path.suffix not in (".yml", ".yaml") or not source.has("services"):
            return False
        services = source.value["services"]
        if not isinstance(services, dict):
            return source.named("*compose*.y*ml")
        return source.named("*compose*.y*ml") or any(
            isinstance(service, dict) and ("image" in service or "build" in service) for service in services.values()
        )

    @classmethod
    def read(cls, source: Source) -> Compose:
        """Read the services, volumes and networks."""
        view = source.tree.view
        services = []
        for name, item in view.entries("services").items():
            if isinstance(item.value, dict):
                services.append(_service(name, item))
            else:
                view.tree.complain(item.at(), f"service `{name}` must be a mapping")
        return cls(source.file, source.tree, tuple(services), view.entries("volumes"), view.entries("networks"))


def _service(name: str, view: View) -> Service:
    return Service(
        name=name,
        image=view.text("image"),
        command=_words(view, "command"),
        entrypoint=_words(view, "entrypoint"),
        environment=_environment(view),
        ports=tuple(port for item in view.items("ports") if (port := _port(item)) is not None),
        mounts=tuple(mount for item in view.items("volumes") if (mount := _mount(item)) is not None)
        + tuple(
            Mount("tmpfs", "", text.split(":")[0], False, view.at("tmpfs"), text.partition(":")[2])
            for text in view.texts("tmpfs")
        ),
        depends_on=_depends_on(view),
        view=view,
    )


def _words(view: View, step: str) -> tuple[str, ...]:
    value = view[step].value
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            view.tree.complain(view.at(step), f"`{step}` cannot be split into words: {error}")
            return ()
    return view.texts(step)


def _environment(view: View) -> dict[str, str | None]:
    value = view["environment"].value
    if isinstance(value, list):
        pairs = (text.partition("=") for text in view.texts("environment"))
        return {name: text if equals else None for name, equals, text in pairs}
    here = view["environment"]
    return {k: None if v.value is None else here.text(v.path[-1]) for k, v in view.entries("environment").items()}


def _depends_on(view: View) -> dict[str, str]:
    if isinstance(view["depends_on"].value, list):
        return dict.fromkeys(view.texts("depends_on"), "service_started")
    entries = view.entries("depends_on")
    return {
        name: item.text("condition", "service_started") if isinstance(item.value, dict) else "service_started"
        for name, item in entries.items()
    }


def _port(view: View) -> Port | None:
    if isinstance(view.value, dict):
        return Port(
            view.text("host_ip"),
            view.text("published"),
            view.text("target"),
            view.text("protocol", "tcp"),
            view.at(),
        )
    if isinstance(view.value, (str, int, float)) and not isinstance(view.value, bool):
        text, _, protocol = str(view.value).partition("/")
        parts = _split(text)
        host_ip = ":".join(parts[:-2]).strip("[]")
        return Port(host_ip, parts[-2] if len(parts) > 1 else "", parts[-1], protocol or "tcp", view.at())
    view.tree.complain(view.at(), "a port must be `HOST:CONTAINER` or a mapping")
    return None


def _mount(view: View) -> Mount | None:
    if isinstance(view.value, dict):
        kind = view.text("type", "volume")
        source, target = view.text("source"), view.text("target")
        read_only = view["read_only"].value is True
        known: Literal["volume", "bind", "anonymous", "tmpfs"] = (
            "bind" if kind == "bind" else "tmpfs" if kind == "tmpfs" else "volume" if source else "anonymous"
        )
        return Mount(known, source, target, read_only, view.at())
    if not isinstance(view.value, str):
        view.tree.complain(view.at(), "a volume must be `SOURCE:TARGET` or a mapping")
        return None
    parts = _split(view.value)
    if len(parts) == 1:
        return Mount("anonymous", "", parts[0], False, view.at())
    source, target, mode = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
    is_path = source.startswith((".", "/", "~", "$"))
    return Mount("bind" if is_path else "volume", source, target, "ro" in mode.split(","), view.at(), mode)


def _split(text: str) -> list[str]:
    """Split at colons that are not part of `${VARIABLE:-default}` or of a bracketed address."""
    return re.findall(r"(?:\$\{[^}]*\}|\[[^\]]*\]|[^:])+", text) or [text]
