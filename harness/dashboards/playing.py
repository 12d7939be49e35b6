"""Starts the panel player, Grafana's own datasource code, before one Prometheus of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from harness.contracts import Instance, Plan
from harness.documents.configuration import Configuration
from harness.documents.grafana import Datasources
from harness.launchers.ports import PortLeases
from harness.services import grafana_player
from harness.stack import Workspace


class Stack(Protocol):
    """What it takes of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    workspace: Workspace
    ports: PortLeases

    def extra(self, name: str) -> Path:
        """The program of an extra component; waits until it is made."""
        ...

    def launch(self, plan: Plan) -> Instance:
        """Start a plan, and stop it with the stack."""
        ...


def play(stack: Stack, prometheus_url: str, name: str = grafana_player.SERVICE) -> Instance:
    """The player on the datasources as provisioned, whose Prometheus is the one at a URL.

    Raises SetUpError, StackError or DeadlineError.
    """
    given = [one for document in stack.configuration.of(Datasources) for one in document.datasources]
    known = {stack.fixtures["deployment"]["listens"]["prometheus"]: prometheus_url.removeprefix("http://")}
    binary, folder = stack.extra(grafana_player.COMPONENT), stack.workspace.scratch / name
    return stack.launch(grafana_player.plan(binary, stack.ports.lease(), folder, given, known, name))
