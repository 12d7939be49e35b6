"""Alertmanager: rendered by the deployment's own entrypoint script, then run on the result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Http, Plan
from harness.documents.tree import load_yaml
from harness.errors import StackError
from harness.model import Level
from harness.services.outward import require_here
from harness.services.room import Room, endpoints, overriding

SERVICE = "alertmanager"
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


def plan(
    room: Room,
    binary: Path,
    port: int,
    known: Mapping[str, str],
    ca_file: Path,
    *,
    inhibiting: bool = True,
    host: str = "127.0.0.1",
) -> Plan:
    """Alertmanager on the configuration under test. `known` maps the endpoints it names to the sinks of this run.

    `inhibiting=False` takes `inhibit_rules` out: the other side of the comparison that alert fatigue is measured by.
    `ca_file` holds the sinks' certificate authority; Go programs trust SSL_CERT_FILE. `host` is where it listens.
    """
    config = laid_over(room, known, inhibiting=inhibiting)
    flags = room.flags(
        {"--web.listen-address": f"{host}:{port}", "--cluster.listen-address": ""}, "its own port; alone, no cluster"
    )
    environment = {**room.environment(), "SSL_CERT_FILE": str(ca_file)}
    require_here(load_yaml(config.read_text(encoding="utf-8"), room.shown(config), strict=False), environment)
    argv = _argv(room, binary, config, flags, environment)
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=argv,
        ready=Http("/-/ready"),
        level=Level.NATIVE,
        host=host,
        port=port,
        environment=environment,
        folder=room.root,
        overlay=tuple(room.changes),
    )


def laid_over(room: Room, known: Mapping[str, str], *, inhibiting: bool) -> Path:
    """The mounted configuration with this run's endpoints, written where it is mounted, and where that is."""
    config = _config(room)
    text = endpoints(config.read_text(encoding="utf-8"), known)
    if PAGERDUTY in known:
        text = _with_pagerduty(text, known[PAGERDUTY])
    room.rewrite(config, text, "endpoints of the receivers")
    if not inhibiting:
        room.rewrite(config, without_section(text, "inhibit_rules"), "inhibit_rules taken out, to compare with")
    return config


def _config(room: Room) -> Path:
    """The configuration under test as it is mounted: the file that holds the route tree."""
    for mount in room.deployment.service(SERVICE).mounts:
        here = room.path(mount.target)
        for path in sorted(here.rglob("*.y*ml")) if here.is_dir() else [here]:
            if path.is_file() and re.search(r"^route:", path.read_text(encoding="utf-8"), re.MULTILINE):
                return path
    raise StackError(
        "no Alertmanager configuration is mounted into the service alertmanager",
        at=room.deployment.service(SERVICE).at("volumes"),
        hint="Mount config/alertmanager/config.yml where the command's --config.file expects it.",
    )


def _argv(
    room: Room, binary: Path, config: Path, flags: tuple[str, ...], environment: dict[str, str]
) -> tuple[str, ...]:
    """What the container would run: through the entrypoint script when there is one, the binary otherwise."""
    service = room.deployment.service(SERVICE)
    entrypoint = tuple(room.localise(word) for word in room.deployment.words(service.entrypoint))
    command = overriding(room.command(), flags)
    scripts = [word for word in entrypoint if word.startswith(str(room.root)) and Path(word).is_file()]
    if not scripts:
        return (str(binary), *command)
    rendered = room.path("/run/alertmanager/config.yml")
    environment.setdefault("ALERTMANAGER_CONFIG_SOURCE", str(config))
    environment.setdefault("ALERTMANAGER_CONFIG_RENDERED", str(rendered))
    environment["ALERTMANAGER_BINARY"] = str(binary)
    return ("/bin/sh", scripts[0], *(word for word in command if not word.startswith("--config.file")))


def _with_pagerduty(text: str, url: str) -> str:
    """The text with PagerDuty's endpoint set, whatever it was; the default would be the real one."""
    tree = load_yaml(text, SERVICE, strict=False)
    settings = tree.get("global")
    if not isinstance(settings, dict) or not settings:
        return f"global:\n  pagerduty_url: '{url}'\n{without_section(text, 'global')}"
    if own := tree.locator.value(("global", "pagerduty_url")):
        return f"{text[: own.start]}'{url}'{text[own.end :]}"
    first = tree.locator.key(("global", next(iter(settings))))
    if first is None:
        return text
    indent = text[text.rfind("\n", 0, first.start) + 1 : first.start]
    between = f"\n{indent}" if not indent.strip() else ", "
    return f"{text[: first.start]}pagerduty_url: '{url}'{between}{text[first.start :]}"


def without_section(text: str, section: str) -> str:
    """A YAML text without one of its top-level sections, everything else as it was."""
    tree = load_yaml(text, section)
    if not isinstance(tree.value, dict) or section not in tree.value:
        return text
    lines = text.splitlines(keepends=True)
    first = tree.key_at(section).line - 1
    last = first + 1
    while last < len(lines) and (lines[last][:1] in (" ", "-", "#", "\n")):
        last += 1
    return "".join(lines[:first] + lines[last:])
