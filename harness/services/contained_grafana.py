"""What Grafana is in a container: its compose entry, with the addresses of datasources that run as processes laid over.

Provisioning and dashboards are mounted as the deployment has them, and its credentials come from the deployment's
environment. In the container network the compose file's names hold, so when Prometheus and Elasticsearch are
containers too, nothing is laid over at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from harness.contracts import ContainerPlan, Http
from harness.documents.tree import load_yaml
from harness.errors import StackError, UnreadableError
from harness.model import Level, Position
from harness.services import contained
from harness.services.container_room import ContainerRoom
from harness.services.outward import HERE
from harness.services.room import endpoints

SERVICE = "grafana"
HEALTH = "/api/health"
BOOT_SECONDS = 180.0
"""The first start makes its database, on the share of a processor that the compose file allows."""

_ADMIN = ("GF_SECURITY_ADMIN_USER", "admin"), ("GF_SECURITY_ADMIN_PASSWORD", "admin")
_PROVISIONING = ("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning")
_MAIL = "GF_SMTP_ENABLED"
_TRUE = ("1", "t", "true")


def plan(
    room: ContainerRoom, level: Level, asked: str, port: int, known: Mapping[str, str], here: Collection[str] = ()
) -> ContainerPlan:
    """Grafana as deployed. `known` maps an address of the deployment to where that service is in this run.

    Raises StackError when what is provisioned would tell a person, or send anything to another machine.
    """
    folder = room.path(room.environment().get(*_PROVISIONING))
    for file in _files(folder / "datasources"):
        text = file.read_text(encoding="utf-8")
        room.rewrite(file, endpoints(text, known), "endpoints of this run")
    _require_nobody_told(room, folder, {*HERE, *here})
    return contained.plan(room, level, Http(HEALTH), asked, port, deadline_seconds=BOOT_SECONDS)


def credentials(environment: Mapping[str, str]) -> tuple[str, str]:
    """User and password of the administrator that this environment makes; Grafana's own default where it says none."""
    user, password = (environment.get(name) or usual for name, usual in _ADMIN)
    return user, password


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))


def _require_nobody_told(room: ContainerRoom, folder: Path, here: Collection[str]) -> None:
    """Refuse what would reach a person: contact points of Grafana's own alerting, and its mail."""
    for file in _files(folder / "alerting"):
        try:
            tree = load_yaml(file.read_text(encoding="utf-8"), room.shown(file), strict=False)
        except UnreadableError:
            continue  # Grafana says best what is wrong with it
        if tree.get("contactPoints"):
            raise StackError(
                "a rehearsal must reach nobody: Grafana's contact points would notify for real",
                at=tree.key_at("contactPoints"),
                hint="Alerts are Alertmanager's here; no sink speaks with Grafana's contact points.",
            )
    if room.environment().get(_MAIL, "").lower() in _TRUE:
        host = room.environment().get("GF_SMTP_HOST", "").rpartition(":")[0]
        if host not in here:
            at = Position(room.deployment.compose.file)
            where = host or "a relay"
            raise StackError(f"a rehearsal must reach nobody: Grafana would send mail through {where}", at=at)


__all__ = ["SERVICE", "credentials", "plan"]
