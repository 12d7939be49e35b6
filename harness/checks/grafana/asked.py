"""What every verifier of Grafana itself begins with: whether it ran, and where a person looks when it refuses."""

from __future__ import annotations

from harness.contracts import Context
from harness.documents.compose import Compose
from harness.model import Gap, History, Level, Position, itself

GRAFANA = "grafana"
SERVICES = (itself(GRAFANA), "prometheus", "elasticsearch")
"""Those whose level a proof of Grafana carries."""


def not_asked(history: History) -> Gap | None:
    """Why nothing can be said of Grafana itself; None when it ran."""
    seen = history.last("grafana")
    if seen is None:
        return Gap("Grafana was not asked anything in this run")
    if not seen.data["runs"]:
        return Gap("Grafana itself did not run: it runs in a container of its image, or not at all", Level.CONTAINER)
    return None


def place(context: Context) -> Position:
    """Where the deployment says how Grafana runs."""
    for compose in context.documents.of(Compose):
        for service in compose.of_image(GRAFANA):
            return service.at("image")
    return Position("docker-compose.yml")
