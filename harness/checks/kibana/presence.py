"""Whether Kibana itself took part in a run: what only it can show is proven on its official image and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from harness.contracts import Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Level, Position, Proof, itself

ITSELF = itself("kibana")
SERVICES = (ITSELF, "elasticsearch")
AVAILABLE = "available"


def absent(history: History, context: Context) -> Gap | None:
    """Why there is nothing to judge: Kibana did not run as deployed, or was not asked because it was not available."""
    if context.levels.get(ITSELF, Level.STATIC) < Level.CONTAINER:
        told = history.of_kind("kibana-absent")
        why = told[0].data["reason"] if told else "what answered was not its official image"
        return Gap(f"Kibana was not asked: {why}", Level.CONTAINER, "It needs Docker and the official images.")
    status = history.last("kibana-status")
    if status is None:
        return Gap("Kibana ran, and nobody asked it anything")
    if "error" in status.data or status.data.get("level") != AVAILABLE:
        return Gap(f"nothing was asked: {told_of(status.data)}")
    return None


def told_of(status: object) -> str:
    """What Kibana said of itself, in words."""
    data = status if isinstance(status, dict) else {}
    if "error" in data:
        return str(data["error"])
    summary = f": {data['summary']}" if data.get("summary") else ""
    return f"Kibana is {data.get('level', 'silent')}, not {AVAILABLE}{summary}"


def entry(context: Context) -> Position:
    """Kibana's entry in the compose file, or the beginning of that file."""
    for compose in context.documents.of(Compose):
        for service in compose.services:
            if service.name == "kibana":
                return service.at()
        return Position(compose.file)
    return Position("docker-compose.yml")


def proof(statement: str, samples: int, kinds: Iterable[str], values: tuple[float, ...] = ()) -> Proof:
    """A proof on Kibana and the Elasticsearch behind it; `values` are seconds."""
    evidence = tuple(Evidence(kind, "kibana") for kind in kinds)
    seconds = median(values) if values else None
    return Proof(statement, samples, SERVICES, seconds, unit="s" if values else "", evidence=evidence, values=values)
