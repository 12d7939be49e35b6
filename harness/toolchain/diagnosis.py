"""What this machine can run, service by service, and at which level of proof; what is missing, and how to get more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from harness.model import Level
from harness.toolchain.cache import Cache
from harness.toolchain.components import KNOWN
from harness.toolchain.machine import Docker, Fact, docker, facts
from harness.toolchain.setup import locate


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """One service: the level it has now (None: it cannot run yet), its version, what is missing, how to get higher."""

    service: str
    level: Level | None
    version: str
    missing: tuple[str, ...] = ()
    higher: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole answer of the doctor."""

    services: tuple[ServiceReport, ...]
    facts: tuple[Fact, ...] = field(default=())

    def level_of(self, service: str) -> Level | None:
        """The level a service has on this machine now."""
        return next((report.level for report in self.services if report.service == service), None)


# Which components each service is made of; a service without any is stood in for by the harness itself.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "prometheus": ("prometheus", "promtool"),
    "alertmanager": ("alertmanager", "amtool"),
    "grafana": (),
    "elasticsearch": ("elasticsearch", "java"),
    "logstash": (),
    "kibana": (),
    "filebeat": ("filebeat",),
    "backend": (),
    "node-exporter": ("node_exporter",),
}

# The product's own code, not its server, by what it is called in a run; without it a stand-in takes its place.
ENGINES: Mapping[str, str] = {"grafana-prometheus": "panelplayer"}


def doctor(
    *,
    images: Mapping[str, str] | None = None,
    cache: Cache | None = None,
    daemon: Docker | None = None,
) -> Diagnosis:
    """Examine the machine. `images` maps a service to the image the configuration under test pins for it."""
    cache = cache or Cache()
    daemon = docker() if daemon is None else daemon
    there = frozenset(locate(cache=cache).folders)
    services = tuple(
        _service(name, parts, there, (images or {}).get(name, ""), daemon) for name, parts in SERVICES.items()
    )
    engines = tuple(_engine(name, part, there) for name, part in ENGINES.items())
    return Diagnosis((*services, *engines), facts(cache, daemon))


def _engine(name: str, part: str, there: Collection[str]) -> ServiceReport:
    if part in there:
        return ServiceReport(name, Level.ENGINE, _version(part), (), "")
    return ServiceReport(name, Level.STAND_IN, "", (part,), f"{Level.ENGINE.label}: harness setup")


def _service(name: str, parts: tuple[str, ...], there: Collection[str], image: str, daemon: Docker) -> ServiceReport:
    if image and image in daemon.images and image not in daemon.development:
        return ServiceReport(name, Level.CONTAINER, image.rpartition(":")[2])
    missing = tuple(part for part in parts if part not in there)
    if missing:
        return ServiceReport(name, None, "", missing, f"{Level.NATIVE.label}: harness setup")
    level = Level.NATIVE if parts else Level.STAND_IN
    higher = _container(image, daemon) + ("; a development image is here" if image in daemon.development else "")
    return ServiceReport(name, level, _version(parts[0]) if parts else "", (), higher)


def _container(image: str, daemon: Docker) -> str:
    """How the service gets to the highest level."""
    pull = f"docker pull {image}" if image else "docker compose pull"
    return f"{Level.CONTAINER.label}: {pull}" if daemon.answers else f"{Level.CONTAINER.label}: start Docker, {pull}"


def _version(component: str) -> str:
    return next(recipe.version for recipe in KNOWN if recipe.name == component)


def render(diagnosis: Diagnosis) -> str:
    """The plain-text tables a person reads."""
    rows = [("service", "level now", "version", "missing", "higher level"), *map(_row, diagnosis.services)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    table = ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]
    width = max((len(fact.name) for fact in diagnosis.facts), default=0)
    machine = [_line(fact, width) for fact in diagnosis.facts]
    return "\n".join([*table, "", *machine]) + "\n"


def _row(report: ServiceReport) -> tuple[str, ...]:
    level = report.level.label if report.level is not None else "none yet"
    return (report.service, level, report.version or "-", ", ".join(report.missing) or "-", report.higher)


def _line(fact: Fact, width: int) -> str:
    mark = "✓" if fact.enough else "?"
    note = f"  ({fact.note})" if fact.note else ""
    return f"{mark} {fact.name.ljust(width)}  {fact.value}{note}"
