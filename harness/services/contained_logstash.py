"""Logstash itself in a container: its compose entry, with the endpoint of Elasticsearch laid over, and no more.

The product runs what the stand-in refuses, so everything that could reach another machine is looked at first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from harness.contracts import ContainerPlan, Http
from harness.documents.tree import load_yaml
from harness.errors import StackError
from harness.model import Level
from harness.services import contained
from harness.services.container_room import ContainerRoom
from harness.services.outward import HERE
from harness.services.pipeline_outward import require_pipeline_stays, require_settings_stay
from harness.services.room import endpoints

API = "9600/tcp"
READY = "/_node/stats/pipelines"
"""Answers 404 until there is a pipeline."""

BOOT_SECONDS = 180.0
"""About as patient as the health check of a compose file usually is: a JVM that compiles Ruby on two processors."""

SETTINGS, PIPELINES = "logstash.yml", "pipelines.yml"


def plan(
    room: ContainerRoom,
    level: Level,
    port: int,
    beats: Mapping[str, int],
    known: Mapping[str, str],
    here: Collection[str],
) -> ContainerPlan:
    """Logstash on the mounted pipelines. `port` of this machine leads to its API.

    `beats` maps the container port that Filebeat ships to, to one of this machine, when Filebeat is a process here;
    in a container it goes over the network. `here` are the hosts that outputs may point at.
    """
    environment = {name: endpoints(value, known) for name, value in room.environment().items()}
    if environment != room.environment():
        changed = [f"+ {name}={value}" for name, value in environment.items() if room.environment()[name] != value]
        room.note("\n".join(changed), "endpoint of Elasticsearch")
    allowed = {*HERE, *here}
    found = list(_pipelines(room))
    if not found:
        raise StackError("no pipeline is mounted into the service logstash", at=room.entry.at("volumes"))
    for config in found:
        text = endpoints(config.read_text(encoding="utf-8"), known)
        room.rewrite(config, text, "endpoint of Elasticsearch")
        require_pipeline_stays(text, room.shown(config), environment, allowed)
    _require_settings(room, environment, allowed)
    published = {API: port, **beats}
    for inside, outside in published.items():
        why = "so that the run can ask it" if inside == API else "Filebeat is a process, and ships to it here"
        room.note(f"+ ports: [127.0.0.1:{outside}:{inside}]", why)
    return contained.plan(
        room,
        level,
        Http(READY),
        API,
        port,
        published=published,
        environment=environment,
        deadline_seconds=BOOT_SECONDS,
    )


def _mounted(room: ContainerRoom) -> Iterator[Path]:
    for mount in room.entry.mounts:
        if mount.kind == "bind" and mount.source.startswith("."):
            here = room.path(room.deployment.filled(mount.target))
            yield from sorted(file for file in here.rglob("*") if file.is_file()) if here.is_dir() else [here]


def _pipelines(room: ContainerRoom) -> Iterator[Path]:
    """Every pipeline that is mounted: a deployment may have several."""
    yield from (file for file in _mounted(room) if file.suffix == ".conf")


def _require_settings(room: ContainerRoom, environment: Mapping[str, str], allowed: Collection[str]) -> None:
    """Look at Logstash's own settings as well, and at pipelines that are written into `pipelines.yml`."""
    require_settings_stay(environment, None, allowed)
    for file in _mounted(room):
        if file.name == SETTINGS:
            tree = load_yaml(file.read_text(encoding="utf-8"), room.shown(file), strict=False)
            require_settings_stay(environment, tree, allowed)
        elif file.name == PIPELINES:
            tree = load_yaml(file.read_text(encoding="utf-8"), room.shown(file), strict=False)
            for entry in tree.value if isinstance(tree.value, list) else ():
                if isinstance(entry, dict) and entry.get("config.string"):
                    require_pipeline_stays(str(entry["config.string"]), room.shown(file), environment, allowed)
