"""A crowd that watches the dashboards: locust is run as a program of its own, and what its viewers saw is recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.contracts import Launcher, Recorder
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.errors import HarnessError, UsageError
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_sources import Sources
from harness.stack import Workspace

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
LEAST = ({"viewers": 5, "seconds": 12},)
START_SECONDS = 30.0
"""What locust may take to begin and to end, besides its stages."""


@dataclass(frozen=True, slots=True)
class Stage:
    """So many viewers for so long."""

    viewers: int
    seconds: float


class Stack(Protocol):
    """What this needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    workspace: Workspace
    launcher: Launcher

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


def watch(stack: Stack, recorder: Recorder, viewing: Mapping[str, Any], *, thorough: bool) -> None:
    """Let a crowd in, as `viewers` of `fixtures/panels.yml` says, and record each load of each viewer."""
    stages = planned(stack.fixtures.get("panels") or {}, thorough=thorough)
    length = sum(stage.seconds for stage in stages)
    told = "x".join(str(stage.viewers) for stage in stages)
    stack.progress(f"{told} viewers for {length:g} s")
    folder = stack.workspace.scratch / "crowd"
    folder.mkdir(parents=True, exist_ok=True)
    file = write_viewing(folder / "viewing.json", stack.configuration.folder, viewing)
    loads = folder / "loads.ndjson"
    failed = ""
    try:
        stack.launcher.run(command(file, stages, loads), length + START_SECONDS)
    except HarnessError as error:
        failed = f"{error.message} {error.hint}".strip()[-800:]
    seen = read_loads(loads)
    for load in seen:
        recorder.record("viewer-load", str(load["dashboard"]), {k: v for k, v in load.items() if k != "at"}, load["at"])
    plan = [[stage.viewers, stage.seconds] for stage in stages]
    recorder.record("crowd", "locust", {"stages": plan, "loads": len(seen), "failed": failed, "thorough": thorough})


def planned(fixture: Mapping[str, Any], *, thorough: bool) -> tuple[Stage, ...]:
    """The stages of a run."""
    given = fixture.get("viewers") or {}
    chosen = given.get("thorough" if thorough else "plain") or LEAST
    return tuple(Stage(int(one["viewers"]), float(one["seconds"])) for one in chosen)


def command(viewing: Path, stages: Sequence[Stage], loads: Path) -> tuple[str, ...]:
    """Locust in a process of its own: importing it into this one would replace sockets and threads by gevent's."""
    spelled = ",".join(f"{stage.viewers}x{stage.seconds:g}" for stage in stages)
    return (
        sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--exit-code-on-error=0",
        f"--viewing={viewing}", f"--stages={spelled}", f"--loads={loads}",
    )  # fmt: skip


def read_stages(text: str) -> tuple[Stage, ...]:
    """`1x10,5x12`: viewers and seconds. Raises UsageError."""
    try:
        pairs = [part.split("x") for part in text.split(",")]
        return tuple(Stage(int(viewers), float(seconds)) for viewers, seconds in pairs)
    except ValueError:
        raise UsageError(f"not stages: {text!r}", hint="Write e.g. 1x10,5x12,20x25: viewers, seconds.") from None


def write_viewing(file: Path, configuration: Path, where: Mapping[str, Any]) -> Path:
    """What a viewer must know: the configuration's folder, and by datasource type (`url`, `user`, `password`)."""
    file.touch(mode=0o600)
    file.write_text(json.dumps({"configuration": str(configuration), "where": where}), encoding="utf-8")
    return file


def read_viewing(file: Path) -> tuple[Sources, tuple[Dashboard, ...]]:
    """The datasources and dashboards of such a file. Raises UnreadableError for a configuration that is broken."""
    given = json.loads(file.read_text(encoding="utf-8"))
    configuration = Configuration.load(Path(given["configuration"]))
    connections = {
        kind: Connection(one["url"], (one["user"], one["password"]) if one.get("user") else None)
        for kind, one in given["where"].items()
    }
    player = connections.pop("player", None)
    return Sources.provisioned(configuration, connections, player), configuration.of(Dashboard)


def read_loads(file: Path) -> list[dict[str, Any]]:
    """What the viewers saw, of every worker; nothing when none came to see anything."""
    lines = [
        line for part in sorted(file.parent.glob(f"{file.name}*")) for line in part.read_text("utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines]
