"""What is done so that panels can be judged over fifteen days: Prometheus is started on the metrics of the 30-day
world, with its daily rhythm, deployments and incidents, and every panel is looked at as if it were the world's last
day.

Each dashboard is opened over 15 days and over 24 hours, with every value of its variables over the latter, and over the
hour in which each incident ended. It is a suite of its own, on demand, because a query over fifteen days takes long.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.contracts import Http, Instance, Launcher, Plan, Recorder
from harness.dashboards.compared import Comparison, Truths, queried
from harness.dashboards.facts import Facts
from harness.dashboards.playing import play
from harness.dashboards.story_ground import StoryGround
from harness.dashboards.sweep import combinations
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.generators.story.truth import WorldTruth
from harness.launchers.ports import PortLeases
from harness.model import Level
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Viewing
from harness.services import grafana_player
from harness.stack import Workspace
from harness.toolchain import Toolchain

ON_DEMAND = True
STAND_INS = ("grafana", "caredroid-backend")
BLOCK_WRITER = "blockwriter"
EXTRAS = (grafana_player.COMPONENT, BLOCK_WRITER)

DAY = 86400.0
HOUR = 3600.0
POINTS = 12
WRITING_SECONDS = 240.0
INSTANCE = "prometheus-fortnight"


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    fixtures_folder: Path
    workspace: Workspace
    launcher: Launcher
    ports: PortLeases
    toolchain: Toolchain
    seed: int

    def extra(self, name: str) -> Path:
        """The program of an extra component; waits until it is made."""
        ...

    def launch(self, plan: Plan) -> Instance:
        """Start a plan, and stop it with the stack."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a dashboard: over how long up to when (Unix seconds), with which choices."""

    span: str
    seconds: float
    until: float
    choices: Mapping[str, str]


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Write the blocks, start Prometheus and Grafana's datasource on them, look at every dashboard."""
    scale = int(stack.fixtures["story"]["scale"]["small"])
    stack.progress("writing fifteen days of metrics")
    blocks = _write(stack, scale)
    truth = WorldTruth.of(stack.fixtures, stack.seed, scale)
    sources = _serve(stack, blocks)
    comparison = Comparison(
        Truths(stack.fixtures.get("panels") or {}), Facts(StoryGround(truth), None, None), sources.prometheus()
    )
    dashboards = [one for one in stack.configuration.of(Dashboard) if _on_prometheus(one)]
    with Browser(sources) as browser:
        for number, dashboard in enumerate(dashboards):
            stack.progress(dashboard.uid, number, len(dashboards))
            for look in _looks(browser, dashboard, truth):
                _look(browser, dashboard, look, comparison, recorder)
    days = (truth.ends - truth.metrics_begin) / DAY
    told = {"days": days, "incidents": [one.name for one in truth.incidents], "dashboards": len(dashboards)}
    recorder.record("fortnight", "world", told)


def _on_prometheus(dashboard: Dashboard) -> bool:
    targets = [target for panel in dashboard.panels for target in panel.targets]
    return bool(targets) and all(target.datasource.type != "elasticsearch" for target in targets)


def _write(stack: Stack, scale: int) -> Path:
    """The world's metrics as Prometheus's blocks."""
    folder = stack.workspace.scratch / "fortnight"
    blocks = folder / "data"
    blocks.mkdir(parents=True, exist_ok=True)
    request = {
        "fixtures": str(stack.fixtures_folder),
        "seed": stack.seed,
        "scale": scale,
        "blockwriter": str(stack.extra(BLOCK_WRITER)),
        "blocks": str(blocks),
    }
    file = folder / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    stack.launcher.run((sys.executable, "-m", "harness.world.blocks", str(file)), WRITING_SECONDS)
    return blocks


def _serve(stack: Stack, blocks: Path) -> Sources:
    """Prometheus on the blocks, and Grafana's datasource before it. Without targets and rules nothing changes there."""
    config = blocks.parent / "prometheus.yml"
    config.write_text("{}\n", encoding="utf-8")
    port = stack.ports.lease()
    argv = (
        str(stack.toolchain.binary("prometheus")), f"--config.file={config}", f"--storage.tsdb.path={blocks}",
        f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=10y",
    )  # fmt: skip
    plan = Plan(INSTANCE, "prometheus", argv, Http("/-/ready"), Level.NATIVE, port=port, folder=blocks.parent)
    instance = stack.launch(plan)
    player = play(stack, instance.url, f"{grafana_player.SERVICE}-fortnight")
    connections = {"prometheus": Connection(instance.url)}
    return Sources.provisioned(stack.configuration, connections, Connection(player.url))


def _looks(browser: Browser, dashboard: Dashboard, truth: WorldTruth) -> Iterator[Look]:
    yield Look("15d", truth.ends - truth.metrics_begin, truth.ends, {})
    options = browser.options(dashboard, Viewing(truth.ends, TimeRange(truth.ends - DAY, truth.ends)))
    for choices in combinations(options, every=False):
        yield Look("24h", DAY, truth.ends, choices)
    for incident in truth.incidents:
        ends = incident.ends_ms / 1000
        if ends - HOUR > truth.metrics_begin:
            yield Look(f"1h of {incident.name}", HOUR, ends, {})


def _look(browser: Browser, dashboard: Dashboard, look: Look, comparison: Comparison, recorder: Recorder) -> None:
    view = Viewing(look.until, TimeRange(look.until - look.seconds, look.until), look.choices)
    shown, load = browser.look(dashboard, view)
    for (_, panel), answer in zip(queried([dashboard]), load.panels, strict=True):
        record = comparison.of(shown, panel, answer, POINTS)
        told = {"span": look.span, "chosen": dict(look.choices), "seconds": round(answer.seconds, 6)}
        recorder.record("panel-fortnight", f"{dashboard.uid}/{panel.title}", {**record, **told})
