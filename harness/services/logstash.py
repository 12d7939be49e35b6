"""Logstash's stand-in: a process of its own that runs the pipeline under test behind a real lumberjack server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Http, Plan
from harness.errors import HarnessError, StackError
from harness.languages.logstash import Pipeline
from harness.model import Level
from harness.services.outward import require_hosts_here
from harness.services.room import Room, endpoints

SERVICE = "logstash"


TRAIL = "logstash-trail.ndjson"


def plan(
    room: Room,
    beats_port: int,
    monitor_port: int,
    known: Mapping[str, str],
    dead_letter_index: str,
    host: str = "127.0.0.1",
) -> Plan:
    """The stand-in on the pipeline under test; only the endpoint of Elasticsearch differs from what is mounted.

    It leaves a trail of the lines it received and settled: the file TRAIL in its room.
    """
    config = prepared(room, known)
    argv = (
        sys.executable,
        "-m",
        "harness.services.logstash_server",
        f"--config={config}",
        f"--listen={host}:{beats_port}",
        f"--monitor=127.0.0.1:{monitor_port}",
        f"--dead-letter-index={dead_letter_index}",
        f"--trail={room.root / TRAIL}",
        *_batch(room.environment()),
    )
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=argv,
        ready=Http("/"),
        level=Level.STAND_IN,
        port=monitor_port,
        environment=room.environment(),
        folder=room.root,
        overlay=tuple(room.changes),
    )


def _batch(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The image reads `pipeline.batch.size` from this variable, so the stand-in stores as many documents at once."""
    size = environment.get("PIPELINE_BATCH_SIZE", "")
    return (f"--batch-events={size}",) if size else ()


def prepared(room: Room, known: Mapping[str, str]) -> Path:
    """The pipeline under test with its endpoints replaced. Raises StackError when it would write to another machine."""
    config = _config(room)
    text = endpoints(config.read_text(encoding="utf-8"), known)
    room.rewrite(config, text, "endpoint of Elasticsearch")
    _require_outputs_stay(text, room.shown(config), room.environment())
    return config


def _require_outputs_stay(text: str, file: str, environment: Mapping[str, str]) -> None:
    try:
        outputs = Pipeline.from_text(text, file, env=environment).outputs
    except HarnessError:
        return  # the stand-in itself says what is wrong with it
    for output in outputs:
        hosts = output.options.get("hosts") or ()
        require_hosts_here([hosts] if isinstance(hosts, str) else [str(host) for host in hosts], output.position)


def _config(room: Room) -> Path:
    """The pipeline under test as it is mounted: a file, or the one file of a folder."""
    for mount in room.deployment.service(SERVICE).mounts:
        here = room.path(mount.target)
        found = sorted(here.glob("*.conf")) if here.is_dir() else [here]
        if found and found[0].suffix == ".conf" and found[0].is_file():
            return found[0]
    raise StackError(
        "no pipeline is mounted into the service logstash", at=room.deployment.service(SERVICE).at("volumes")
    )
