"""See UnknownHost."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.deployment import unanswered
from harness.documents.grafana import Datasources
from harness.model import Finding


class UnknownHost(Check):
    """A datasource's URL leads to no service of the compose file: every panel on it shows an error.

    Why: Grafana asks from inside of its container. Bad: `http://promethues:9090`.
    Good: service name and container port.
    Fix: use the compose file's name and the port inside of the container.
    """

    subject = Datasources

    def examine(self, datasources: Datasources, context: Context) -> Iterable[Finding]:
        """Look up host and port of every datasource."""
        for source in datasources.datasources:
            why = unanswered(source.url, context.documents)
            if why:
                yield self.finding(source.at("url"), why)
