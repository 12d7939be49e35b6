"""What each service is in a container: its compose entry, with the endpoints of this run laid over, and no more.

The counterparts of the plans for processes; what both lay over is done by the same functions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.contracts import ContainerPlan, Http, Mounted, Readiness
from harness.documents.tree import load_yaml
from harness.errors import UnreadableError
from harness.model import Level
from harness.services import alertmanager as alertmanager_process
from harness.services import elasticsearch as elasticsearch_process
from harness.services import filebeat as filebeat_process
from harness.services import node_exporter as node_exporter_process
from harness.services import prometheus as prometheus_process
from harness.services.container_room import ContainerRoom
from harness.services.elasticsearch_access import FILES, SUPERUSER, Access
from harness.services.outward import HERE, require_alerts_stay, require_here, require_outputs_stay
from harness.services.room import endpoints, overriding

CERTIFICATES = "/etc/harness/ca.pem"
ELASTICSEARCH_HEAP = "1g"


def plan(
    room: ContainerRoom,
    level: Level,
    ready: Readiness,
    asked: str,
    port: int,
    published: Mapping[str, int] | None = None,
    **other: Any,
) -> ContainerPlan:
    """The compose entry as a plan. `asked` is the container port (`9090/tcp`) that `port` of this machine leads to.

    A port that the compose file publishes is the one that is asked, also when it is another one: then nothing answers
    here as nothing would answer there. A service that publishes none is given one, which is kept as a difference.
    `published` is for a service whose ports are for other services: it is taken as it is, and its caller keeps the
    difference.
    """
    declared = room.ports()
    inside = asked if asked in declared or not declared else declared[0]
    if published is not None:
        pass
    elif not declared:
        room.note(f"+ ports: [127.0.0.1:{port}:{inside}]", "so that the run can ask it")
    else:
        room.note(f"+ ports: [127.0.0.1:{port}:{inside}]", "a port of its own on this machine")
    settings: dict[str, Any] = {
        "command": room.command(),
        "entrypoint": room.entrypoint(),
        "environment": room.environment(),
        "mounts": room.mounts(),
        **other,
    }
    aliases = tuple(dict.fromkeys((room.instance, *([room.service] if room.instance == room.service else []))))
    return ContainerPlan(
        name=room.instance,
        service=room.service,
        image=room.image(),
        level=level,
        ready=ready,
        published={inside: port} if published is None else published,
        networks=room.networks(),
        aliases=aliases,
        health=room.health(),
        options=room.options(),
        needs=dict(room.entry.depends_on),
        port=port,
        overlay=tuple(room.changes),
        **settings,
    )


def prometheus(
    room: ContainerRoom,
    level: Level,
    asked: str,
    port: int,
    targets: Mapping[str, str],
    alertmanagers: Mapping[str, Sequence[str]],
    here: Collection[str],
) -> ContainerPlan:
    """Prometheus with the past of its lane in its volume. `here` are the hosts of this run that alerts may go to."""
    command = room.command()
    config = room.here(prometheus_process.flag(command, prometheus_process.CONFIG_FLAG))
    if config.is_file():
        rewired = prometheus_process.rewired(config.read_text(encoding="utf-8"), targets, alertmanagers)
        room.rewrite(config, rewired, "endpoints of this run")
        with contextlib.suppress(UnreadableError):  # Prometheus says best what is wrong with it
            require_alerts_stay(load_yaml(rewired, room.shown(config), strict=False), {*HERE, *here})
    flags = room.flags(prometheus_process.RESTORING, "pending alerts restored from the backfilled past")
    data = prometheus_process.flag(command, prometheus_process.DATA_FLAG)
    return plan(
        room,
        level,
        Http("/-/ready"),
        asked,
        port,
        command=overriding(command, flags),
        contents={data: room.here(data)},
    )


def alertmanager(
    room: ContainerRoom,
    level: Level,
    asked: str,
    port: int,
    known: Mapping[str, str],
    ca_file: Path,
    here: Collection[str],
    *,
    inhibiting: bool = True,
) -> ContainerPlan:
    """Alertmanager through the deployment's own entry point; `here` are the hosts of the sinks."""
    config = alertmanager_process.laid_over(room, known, inhibiting=inhibiting)
    environment = {**room.environment(), "SSL_CERT_FILE": CERTIFICATES}
    tree = load_yaml(config.read_text(encoding="utf-8"), room.shown(config), strict=False)
    require_here(tree, environment, {*HERE, *here})
    room.note(f"+ {CERTIFICATES}, SSL_CERT_FILE", "the certificate authority of the sinks")
    mounts = (*room.mounts(), Mounted("bind", str(ca_file), CERTIFICATES, "ro"))
    return plan(room, level, Http("/-/ready"), asked, port, environment=environment, mounts=mounts)


def node_exporter(room: ContainerRoom, level: Level, asked: str, port: int) -> ContainerPlan:
    """node_exporter as it is, on this machine's /proc and /sys."""
    return plan(room, level, Http(node_exporter_process.METRICS), asked, port)


def filebeat(
    room: ContainerRoom,
    level: Level,
    asked: str,
    port: int,
    known: Mapping[str, str],
    logs: Mapping[str, Path],
    here: Collection[str],
) -> ContainerPlan:
    """Filebeat on the run's log files. `logs` maps the volumes that hold them to where they are on this machine."""
    config = filebeat_process.config_of(room)
    text = endpoints(config.read_text(encoding="utf-8"), known)
    room.rewrite(config, text, "endpoint of Logstash")
    with contextlib.suppress(UnreadableError):  # Filebeat says best what is wrong with it
        require_outputs_stay(load_yaml(text, room.shown(config), strict=False), {*HERE, *here})
    added = ("-E", "http.enabled=true", "-E", "http.host=0.0.0.0", "-E", f"http.port={asked.partition('/')[0]}")
    room.note("+ " + " ".join(added), "so that the run can ask for its counters")
    mounts = tuple(
        Mounted("bind", str(logs[mount.source]), mount.target, mount.mode)
        if mount.kind == "volume" and mount.source in logs
        else mount
        for mount in room.mounts()
    )
    return plan(room, level, Http("/stats"), asked, port, command=(*room.command(), *added), mounts=mounts)


def elasticsearch(
    room: ContainerRoom, level: Level, asked: str, port: int, access: Access, development: bool
) -> ContainerPlan:
    """Elasticsearch. A development image is the core distribution: settings and steps of modules it lacks are left out.

    Those include the deployment's entry point, which sets lifecycle policies up; users come as files, as in a process.
    """
    ready = Http(elasticsearch_process.HEALTH, authorization=access.basic(SUPERUSER))
    deadline = 2 * elasticsearch_process.BOOT_SECONDS  # a container has the limits of the compose file
    if not development:
        return plan(room, level, ready, asked, port, deadline_seconds=deadline)
    settings = room.path(f"{elasticsearch_process.CONTAINER_HOME}/config/elasticsearch.yml")
    if settings.is_file():
        text = elasticsearch_process.without_settings(settings.read_text(encoding="utf-8"))
        room.rewrite(settings, text, "settings of modules this build lacks")
    room.note(f"- entrypoint: {' '.join(room.entrypoint())}", "it sets up modules that this build lacks")
    heap = f"-Xms{ELASTICSEARCH_HEAP} -Xmx{ELASTICSEARCH_HEAP}"
    room.note(f"+ ES_JAVA_OPTS: {heap}", "a development image's heap, as for a process")
    folder = f"{elasticsearch_process.CONTAINER_HOME}/config"
    copies = room.root / "access"
    copies.mkdir(exist_ok=True)
    added = []
    for name in FILES:
        copy = copies / name
        copy.write_bytes((access.folder / name).read_bytes())
        copy.chmod(0o644)
        added.append(Mounted("bind", str(copy), f"{folder}/{name}", "ro"))
    return plan(
        room,
        level,
        ready,
        asked,
        port,
        entrypoint=(),
        environment={**room.environment(), "ES_JAVA_OPTS": heap},
        mounts=(*room.mounts(), *added),
        healthy_later=True,
        deadline_seconds=deadline,
    )
