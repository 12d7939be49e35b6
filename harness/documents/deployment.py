"""Where container paths and service addresses lead, as the compose file wires them."""

from __future__ import annotations

import difflib
import fnmatch
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from harness.contracts import Documents
from harness.documents.compose import Compose, Mount, Service
from harness.documents.durations import seconds
from harness.documents.env import Env
from harness.documents.substitution import substitute

_URL = re.compile(r"(?:https?://)?(?:[^@/]*@)?(?P<host>[A-Za-z0-9_.-]+)(?::(?P<port>\d+))?(?:/.*)?")

# The ports the products listen on unless told otherwise, from their documentation.
DEFAULT_PORTS = {
    "prometheus": 9090,
    "alertmanager": 9093,
    "grafana": 3000,
    "node-exporter": 9100,
    "elasticsearch": 9200,
    "kibana": 5601,
    "logstash": 9600,
    "pushgateway": 9091,
    "blackbox-exporter": 9115,
    "cadvisor": 8080,
}


def values(documents: Documents) -> dict[str, str]:
    """The settings of the environment files."""
    found: dict[str, str] = {}
    for env in documents.of(Env):
        found.update(env.values)
    return found


def services(documents: Documents) -> dict[str, Service]:
    """Every service of every compose file, by name and by container name or host name."""
    found: dict[str, Service] = {}
    for compose in documents.of(Compose):
        for service in compose.services:
            for name in (service.view.text("container_name"), service.view.text("hostname"), service.name):
                if name:
                    found[name] = service
    return found


def listening_ports(service: Service, settings: dict[str, str]) -> set[int]:
    """The container ports a service says it listens on: published, exposed, or its product's own."""
    texts = [port.container for port in service.ports] + [text.split("/")[0] for text in service.view.texts("expose")]
    ports = {int(text) for text in (substitute(t, settings) for t in texts) if text.isdigit()}
    repository = service.image.partition("@")[0].rpartition("/")[2].partition(":")[0].replace("_", "-")
    if repository in DEFAULT_PORTS:
        ports.add(DEFAULT_PORTS[repository])
    return ports


def spells_port(service: Service, port: int) -> bool:
    """Whether the service's command, environment or health check mentions the port."""
    words = (str(service.view[field].value) for field in ("command", "entrypoint", "environment", "healthcheck"))
    return any(_has_number(text, port) for text in words)


def _has_number(text: str, port: int) -> bool:
    number = str(port)
    start = text.find(number)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(number) : start + len(number) + 1]
        if not before.isdigit() and not after.isdigit():
            return True
        start = text.find(number, start + 1)
    return False


def metric_retention(documents: Documents) -> float | None:
    """How long Prometheus keeps samples, in seconds, as its flag in the compose file says; its default is 15 days."""
    for compose in documents.of(Compose):
        for service in compose.of_image("prometheus"):
            for word in service.command:
                name, _, text = word.partition("=")
                if name == "--storage.tsdb.retention.time":
                    return seconds(substitute(text, values(documents)))
            return 15 * 86400.0
    return None


def inside(mount: Mount, folder: str, file: str) -> str | None:
    """The container path of a file of the configuration through a bind mount; None when it is not in there."""
    if mount.kind != "bind" or mount.source.startswith(("/", "~", "$")):
        return None
    source = posixpath.normpath(posixpath.join(folder, mount.source))
    if file == source:
        return mount.target
    if source == "." or file.startswith(source + "/"):
        return posixpath.join(mount.target, posixpath.relpath(file, source))
    return None


def files_at(service: Service, pattern: str, folder: str, files: tuple[str, ...]) -> Iterator[str]:
    """The files of the configuration that a container path, whose last part may be a glob, leads to."""
    for file in files:
        for mount in service.mounts:
            path = inside(mount, folder, file)
            same_folder = path is not None and posixpath.dirname(path) == posixpath.dirname(pattern)
            if path and same_folder and fnmatch.fnmatchcase(path, pattern):
                yield file
                break


def folder_of(compose: Compose) -> str:
    """The folder relative paths of a compose file start from."""
    parent = str(PurePosixPath(compose.file).parent)
    return "" if parent == "." else parent


def unanswered(url: str, documents: Documents) -> str:
    """Why no service of the compose file answers at a URL; nothing when one does, or when it is none of ours."""
    match = _URL.fullmatch(url.strip())
    known = services(documents)
    if match is None or not known or "$" in url:
        return ""
    host, port = match["host"], int(match["port"]) if match["port"] else None
    if "." in host or host in ("localhost", "127.0.0.1"):
        return ""
    service = known.get(host)
    if service is None:
        close = difflib.get_close_matches(host, list(known), n=1)
        return f"no service of the compose file is called {host}" + (f"; did you mean {close[0]}?" if close else "")
    ports = listening_ports(service, values(documents))
    if port and ports and port not in ports and not spells_port(service, port):
        return f"{host} does not listen on {port}, but on {', '.join(map(str, sorted(ports)))}"
    return ""
