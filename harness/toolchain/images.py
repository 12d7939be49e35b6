"""Development images: the components of this machine's cache in images under the tags that the compose file names.

They are not the products' own images, and say so in a label: what runs from one counts as the real server built here,
never as the image that is deployed. They let the way through containers be exercised where no image can be pulled.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import SetUpError
from harness.toolchain.image_root import FIRST_USER, NOBODY, Root
from harness.toolchain.machine import DEVELOPMENT
from harness.toolchain.setup import Toolchain

MADE_OF = "monitoring-stack-harness.made-of"
DAEMON_SECONDS = 300
PACKAGE_SECONDS = 60

_BUSYBOX = "busybox-static"
_ELASTICSEARCH_HOME, _JAVA_HOME = "/usr/share/elasticsearch", "/usr/share/java"
_ENTRYPOINT = f"""#!/bin/bash
# Becomes Elasticsearch; the variables of the image that start with a lower-case letter and a dot are settings.
exec {_ELASTICSEARCH_HOME}/bin/elasticsearch
"""


@dataclass(frozen=True, slots=True)
class Made:
    """One image: its tag, and whether it was made now, was there, or was left alone because it is the product's own."""

    tag: str
    how: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What goes into the root, and how the image starts."""

    parts: tuple[str, ...]
    fill: Callable[[Root, Toolchain], None]
    changes: tuple[str, ...]


def make(images: Mapping[str, str], toolchain: Toolchain, *, force: bool = False) -> tuple[Made, ...]:
    """Make an image for each service (service → tag) that one can be made for; the others are passed over.

    Raises SetUpError when no daemon answers or a component is missing.
    """
    client = _client()
    try:
        wanted = {service: tag for service, tag in images.items() if service in RECIPES}
        with tempfile.TemporaryDirectory(prefix="harness-images-") as folder:
            busybox = _busybox(Path(folder))
            return tuple(
                _make(client, RECIPES[service], tag, toolchain, busybox, Path(folder), force=force)
                for service, tag in sorted(wanted.items())
            )
    finally:
        client.close()


def _client() -> Any:
    docker = importlib.import_module("docker")
    try:
        client = docker.from_env(timeout=DAEMON_SECONDS)
        client.ping()
    except Exception as error:  # the client raises half a dozen unrelated kinds
        raise SetUpError(
            f"no Docker daemon answers: {error}", hint="Start one, e.g. `dockerd`, or name it: DOCKER_HOST=unix:///…"
        ) from error
    return client


def _make(
    client: Any, recipe: _Recipe, tag: str, toolchain: Toolchain, busybox: Path, folder: Path, *, force: bool
) -> Made:
    began = time.monotonic()
    made_of = _fingerprint(recipe, toolchain, busybox)
    labels = _labels(client, tag)
    if labels is not None and labels.get(DEVELOPMENT) != "true":
        return Made(tag, "left alone: it is not a development image", time.monotonic() - began)
    if labels and labels.get(MADE_OF) == made_of and not force:
        return Made(tag, "up to date", time.monotonic() - began)
    archive = folder / "root.tar"
    root = Root(archive)
    _shell(root, busybox)
    recipe.fill(root, toolchain)
    root.close()
    changes = [*recipe.changes, f"LABEL {DEVELOPMENT}=true", f"LABEL {MADE_OF}={made_of}"]
    repository, _, version = tag.rpartition(":")
    try:
        client.api.import_image_from_file(str(archive), repository=repository, tag=version, changes=changes)
    except Exception as error:
        raise SetUpError(f"the image {tag} cannot be made: {error}", hint="Is the disk full? See: df -h") from error
    finally:
        archive.unlink(missing_ok=True)
    return Made(tag, "made", time.monotonic() - began)


def _labels(client: Any, tag: str) -> Mapping[str, str] | None:
    """The labels of the image under a tag; None when there is none."""
    try:
        return dict(client.images.get(tag).labels or {})
    except importlib.import_module("docker.errors").ImageNotFound:
        return None


def _fingerprint(recipe: _Recipe, toolchain: Toolchain, busybox: Path) -> str:
    """What the image is made of: the components by their folders, the shell, this file and the one it builds upon."""
    own = [Path(__file__), Path(__file__).with_name("image_root.py"), busybox]
    text = [str(toolchain.folders.get(part, "")) for part in recipe.parts]
    return hashlib.sha256(b"\0".join([*(p.encode() for p in text), *(p.read_bytes() for p in own)])).hexdigest()[:16]


def _busybox(folder: Path) -> Path:
    """A statically linked busybox: the machine's, or unpacked from the distribution's package without installing it."""
    found = shutil.which("busybox")
    if found and "not a dynamic executable" in _said(["ldd", found], folder):
        return Path(found)
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise SetUpError("development images need a statically linked busybox", hint=f"Install {_BUSYBOX}.")
    said = _said(["apt-get", "download", _BUSYBOX], folder)
    package = next(iter(folder.glob(f"{_BUSYBOX}*.deb")), None)
    if package:
        _said(["dpkg-deb", "-x", str(package), str(folder / "unpacked")], folder)
    binary = folder / "unpacked" / "bin" / "busybox"
    if not binary.is_file():
        raise SetUpError(f"{_BUSYBOX} cannot be had: {said.strip()[-300:]}", hint=f"Install {_BUSYBOX}.")
    return binary


def _said(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PACKAGE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr


def _shell(root: Root, busybox: Path) -> None:
    root.file(busybox, "/bin/busybox")
    for name in _said([str(busybox), "--list"], busybox.parent).split():
        if name != "busybox":
            root.link(f"/bin/{name}", "busybox")


def _prometheus(root: Root, toolchain: Toolchain) -> None:
    root.file(toolchain.binary("prometheus"), "/bin/prometheus")
    root.folder("/etc/prometheus")
    root.folder("/prometheus", owner=NOBODY)


def _alertmanager(root: Root, toolchain: Toolchain) -> None:
    root.file(toolchain.binary("alertmanager"), "/bin/alertmanager")
    root.folder("/etc/alertmanager")
    root.folder("/alertmanager", owner=NOBODY)


def _node_exporter(root: Root, toolchain: Toolchain) -> None:
    root.file(toolchain.binary("node_exporter"), "/bin/node_exporter")


def _filebeat(root: Root, toolchain: Toolchain) -> None:
    root.folder("/usr/share/filebeat")
    root.file(toolchain.binary("filebeat"), "/usr/share/filebeat/filebeat")
    for name in ("data", "logs"):
        root.folder(f"/usr/share/filebeat/{name}", owner=FIRST_USER, mode=0o770)


def _elasticsearch(root: Root, toolchain: Toolchain) -> None:
    for program in ("bash", "curl"):
        found = shutil.which(program)
        if found is None:
            raise SetUpError(f"the development image of Elasticsearch needs {program}", hint=f"Install {program}.")
        root.program(Path(found).resolve(), f"/usr/bin/{program}")
        if program == "bash":
            root.link("/bin/bash", "/usr/bin/bash")
    java, home = toolchain.java_home, toolchain.elasticsearch_home
    root.tree(java, _JAVA_HOME, without=("jmods", "include", "man", "legal", "demo", "src.zip"))
    root.libraries([java / "bin" / "java", *sorted((java / "lib").rglob("*.so"))], within=java.resolve())
    root.libraries(sorted((home / "lib").rglob("*.so")), within=home)
    root.tree(home, _ELASTICSEARCH_HOME, without=("logs", "data", "config", "manifest.json"))
    root.folder(f"{_ELASTICSEARCH_HOME}/config", owner=FIRST_USER, mode=0o775)
    root.text(f"{_ELASTICSEARCH_HOME}/config/jvm.options", _jvm_options(home))
    for name in ("elasticsearch.yml", "log4j2.properties", "roles.yml"):
        root.file(home / "config" / name, f"{_ELASTICSEARCH_HOME}/config/{name}", mode=0o664)
    for name in ("data", "logs"):
        root.folder(f"{_ELASTICSEARCH_HOME}/{name}", owner=FIRST_USER, mode=0o775)
    root.folder("/usr/local")
    root.folder("/usr/local/bin")
    root.text("/usr/local/bin/docker-entrypoint.sh", _ENTRYPOINT, mode=0o755)


def _jvm_options(home: Path) -> str:
    """The distribution's own options, less the incubator module that this Java may not have."""
    lines = (home / "config" / "jvm.options").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if "add-modules" not in line and not line.startswith("-Xlog:gc")) + "\n"


def _starts(program: str, *more: str) -> tuple[str, ...]:
    return (f'ENTRYPOINT ["{program}"]', *more)


RECIPES: Mapping[str, _Recipe] = {
    "prometheus": _Recipe(
        ("prometheus",), _prometheus, _starts("/bin/prometheus", "USER nobody", "WORKDIR /prometheus", "EXPOSE 9090")
    ),
    "alertmanager": _Recipe(
        ("alertmanager",),
        _alertmanager,
        _starts("/bin/alertmanager", "USER nobody", "WORKDIR /alertmanager", "EXPOSE 9093"),
    ),
    "node-exporter": _Recipe(
        ("node_exporter",), _node_exporter, _starts("/bin/node_exporter", "USER nobody", "EXPOSE 9100")
    ),
    "filebeat": _Recipe(
        ("filebeat",),
        _filebeat,
        (
            'CMD ["filebeat","-e"]',
            "ENV PATH=/usr/share/filebeat:/bin:/usr/bin",
            "WORKDIR /usr/share/filebeat",
            f"USER {FIRST_USER}",
        ),
    ),
    "elasticsearch": _Recipe(
        ("elasticsearch", "java"),
        _elasticsearch,
        (
            'ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]',
            f"ENV PATH={_ELASTICSEARCH_HOME}/bin:/bin:/usr/bin:/usr/local/bin",
            f"ENV ES_JAVA_HOME={_JAVA_HOME}",
            f"WORKDIR {_ELASTICSEARCH_HOME}",
            f"USER {FIRST_USER}:0",
            "EXPOSE 9200 9300",
        ),
    ),
}
"""Service → how its image is made."""


def makeable(services: Iterable[str]) -> tuple[str, ...]:
    """Those of the services that a development image can be made for."""
    return tuple(name for name in services if name in RECIPES)
