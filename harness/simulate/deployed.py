"""The two products as the deployment would start them: their files as they are mounted, their flags as given."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.document import Source
from harness.documents.durations import seconds
from harness.documents.env import Env
from harness.documents.prometheus import Prometheus
from harness.errors import StackError
from harness.services import alertmanager, prometheus
from harness.services.room import Deployment, Room

ENTRYPOINT_SECONDS = 30.0

NOWHERE = "http://127.0.0.1:9"
STAND_INS = {"slack": f"{NOWHERE}/services/simulated", "smtp_host": "127.0.0.1", "smtp_port": "9"}
"""What stands for the endpoints of a run. The virtual clock opens no connection; were it to, these would refuse it."""


def deployment(configuration: Configuration, variables: Mapping[str, Any]) -> Deployment:
    """The compose file with its variables. Words in braces, which a run fills in, get a stand-in."""
    composed = configuration.of(Compose)
    if not composed:
        raise StackError("there is no compose file, so nobody knows how Prometheus and Alertmanager are started")
    example = {name: value for file in configuration.of(Env) for name, value in file.values.items()}
    filled = {name: _filled(str(value)) for name, value in {**example, **variables}.items()}
    return Deployment(configuration.folder, composed[0], filled)


def _filled(text: str) -> str:
    if text.startswith("{"):
        return STAND_INS.get(text.strip("{}"), "simulated")
    return text or "simulated"


def prometheus_request(given: Deployment, folder: Path) -> tuple[dict[str, Any], Prometheus]:
    """Prometheus's part of the request, and its configuration. Raises StackError for a configuration without rules."""
    room = Room(given, prometheus.SERVICE, "prometheus", folder / "prometheus", folder / "volumes")
    flags = room.command()
    config = Path(prometheus.flag(flags, prometheus.CONFIG_FLAG))
    if not config.is_file():
        raise StackError(f"{prometheus.CONFIG_FLAG}{config.relative_to(room.root)} is mounted nowhere")
    document = Prometheus.read(Source("prometheus.yml", config.read_text(encoding="utf-8")))
    rule_files = [path for pattern, _ in document.rule_files for path in _matching(room, config, pattern)]
    request = {
        "config": str(config),
        "rule_files": [
            {"name": "/" + path.relative_to(room.root).as_posix(), "path": str(path)}
            for path in dict.fromkeys(rule_files)
        ],
        "external_url": flag(flags, "--web.external-url", "http://prometheus:9090").rstrip("/"),
        "outage_tolerance": _seconds(flags, "--rules.alert.for-outage-tolerance", "1h"),
        "grace_period": _seconds(flags, "--rules.alert.for-grace-period", "10m"),
        "resend_delay": _seconds(flags, "--rules.alert.resend-delay", "1m"),
        "lookback": _seconds(flags, "--query.lookback-delta", "5m"),
    }
    return request, document


def _matching(room: Room, config: Path, pattern: str) -> list[Path]:
    """The rule files of a pattern, which is relative to the configuration's folder."""
    base = room.path(pattern) if pattern.startswith("/") else config.parent / pattern
    return sorted(path for path in base.parent.glob(base.name) if path.is_file())


def alertmanager_request(given: Deployment, folder: Path, *, inhibiting: bool = True) -> dict[str, Any]:
    """Alertmanager's part of the request; `inhibiting=False` takes `inhibit_rules` out.

    The deployment's own entrypoint renders the configuration. It ends in a program that writes down the arguments it
    would have started Alertmanager with.
    """
    room = Room(given, alertmanager.SERVICE, "alertmanager", folder / "alertmanager", folder / "volumes")
    program = folder / "arguments"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    known = {alertmanager.PAGERDUTY: f"{NOWHERE}/v2/enqueue"}
    plan = alertmanager.plan(room, program, 9093, known, folder / "no-authority.pem", inhibiting=inhibiting)
    done = subprocess.run(
        plan.argv, env={**os.environ, **plan.environment}, cwd=room.root,
        capture_output=True, text=True, timeout=ENTRYPOINT_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StackError(
            f"Alertmanager's entrypoint ended with {done.returncode}",
            at=given.service(alertmanager.SERVICE).at("entrypoint"),
            hint=done.stderr.strip()[-800:],
        )
    flags = tuple(done.stdout.splitlines())
    return {
        "config": flag(flags, "--config.file", "alertmanager.yml"),
        "external_url": flag(flags, "--web.external-url", "http://alertmanager:9093").rstrip("/"),
        "retention": _seconds(flags, "--data.retention", "120h"),
        "gc_interval": _seconds(flags, "--alerts.gc-interval", "30m"),
        "maintenance": _seconds(flags, "--dispatch.maintenance-interval", "30s"),
    }


def flag(words: Sequence[str], name: str, default: str) -> str:
    """The value of a flag, written `--flag=value` or `--flag value`."""
    for index, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
        if word == name and index + 1 < len(words):
            return words[index + 1]
    return default


def _seconds(words: Sequence[str], name: str, default: str) -> float:
    text = flag(words, name, default)
    value = seconds(text)
    if value is None:
        raise StackError(f"{name}={text} is no duration")
    return value
