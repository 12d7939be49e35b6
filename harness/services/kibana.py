"""Kibana, which runs in a container of its official image or not at all: the compose entry as it is.

Its settings name Elasticsearch as the deployment's network does, so nothing is laid over but the published port.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts import ContainerPlan, Http
from harness.documents.elasticsearch import flattened
from harness.documents.substitution import substitute
from harness.documents.tree import load_yaml
from harness.model import Level, Position
from harness.services import contained
from harness.services.container_room import ContainerRoom
from harness.services.outward import require_store_here

SERVICE, STORE = "kibana", "elasticsearch"
SETTINGS = "/usr/share/kibana/config/kibana.yml"
STATUS = "/api/status"
BOOT_SECONDS = 240.0
HOSTS, HOSTS_VARIABLE = "elasticsearch.hosts", "ELASTICSEARCH_HOSTS"
"""The setting, and the variable by which the official image sets the same."""


def plan(room: ContainerRoom, level: Level, asked: str, port: int) -> ContainerPlan:
    """The compose entry. Raises StackError when its Elasticsearch is another than the one of this run.

    `/api/status` answers 200 also while Kibana is degraded: that it is available is asked for by the compose file's
    health check, and by the suite.
    """
    require_store_here(_hosts(room), {STORE})
    return contained.plan(room, level, Http(STATUS), asked, port, deadline_seconds=BOOT_SECONDS)


def _hosts(room: ContainerRoom) -> Iterator[tuple[Position, str]]:
    """Every address of Elasticsearch that Kibana is given, with its place."""
    file = room.path(SETTINGS)
    if file.is_file():
        shown = room.shown(file)
        settings = dict(flattened(load_yaml(file.read_text(encoding="utf-8"), shown, strict=False).view))
        found = settings.get(HOSTS)
        if found is not None:
            value = found.value if isinstance(found.value, list) else [found.value]
            yield from ((found.at(), substitute(str(host), room.environment())) for host in value)
    if given := room.environment().get(HOSTS_VARIABLE):
        yield from ((room.entry.at("environment"), host.strip(" []\"'")) for host in given.split(","))
