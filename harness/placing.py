"""Where the services of a run run: which are containers, which processes, and what the report says of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from harness.boot import BOOTABLE_IN_CONTAINERS
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.env import Env
from harness.documents.substitution import substitute
from harness.launchers import daemon
from harness.launchers.choice import Choice, choose
from harness.launchers.ledger import Ledger
from harness.model import Component, Level, itself
from harness.probes.version import versions
from harness.stack import Stack

STAND_IN_VERSION = "stand-in"


def choice_for(
    launcher: str, configuration: Configuration, fixtures: Mapping[str, Any], say: Callable[[str], None]
) -> Choice:
    """Which services of the deployment run in containers; the application is played, whatever the rest runs in.

    `say` is told of an image that is pulled.
    """
    played = fixtures["deployment"].get("played", ())
    values = {name: value for file in configuration.of(Env) for name, value in file.values.items()}
    images = {
        service.name: substitute(service.image, values)
        for compose in configuration.of(Compose)[:1]
        for service in compose.services
        if service.name not in played and service.image
    }
    chosen = choose(launcher, images, BOOTABLE_IN_CONTAINERS, daemon.ask, lambda tag: daemon.pull(tag, say))
    return _with_a_store(chosen)


def _with_a_store(choice: Choice) -> Choice:
    """Logstash asks Elasticsearch for its licence first, which a build of the core has none of; ours does not ask."""
    contained = choice.contained
    if "logstash" not in contained or contained.get("elasticsearch", Level.STATIC) >= Level.CONTAINER:
        return choice
    why = "Logstash refuses an Elasticsearch that is not the official image, and this run has none"
    rest = {service: level for service, level in contained.items() if service != "logstash"}
    return replace(choice, contained=rest, reasons={**choice.reasons, "logstash": why})


def with_containers(stack: Stack, choice: Choice, ledger: Ledger) -> None:
    """Let the stack start containers, if any service is one. Imported here: it brings the client of Docker along."""
    if not choice:
        return
    from harness.launchers.container import ContainerLauncher

    stack.containers = ContainerLauncher(stack.workspace.run / "logs", ledger)
    stack.contained = choice.contained


def components(stack: Stack, stand_ins: Collection[str]) -> tuple[Component, ...]:
    """What took part, with the version that answers and what it ran in; `stand_ins` were played by the suites."""
    answered = versions(stack)
    found = [Component(s, level, answered.get(s, ""), _note(stack, s)) for s, level in stack.levels.items()]
    found += [Component(s, Level.STAND_IN, STAND_IN_VERSION) for s in sorted(set(stand_ins) - set(stack.levels))]
    return tuple(sorted(found, key=lambda component: component.service))


def levels(stack: Stack, stand_ins: Collection[str]) -> dict[str, Level]:
    """The level of each service that took part or was played; of one that did both, the player's and its own."""
    own = {itself(name): level for name, level in stack.levels.items() if stack.contained.get(name)}
    return {**stack.levels, **own, **dict.fromkeys(stand_ins, Level.STAND_IN)}


def _note(stack: Stack, service: str) -> str:
    level = stack.contained.get(service)
    if level is None:
        return ""
    return "in a container" if level >= Level.CONTAINER else "in a container of a development image, built here"
