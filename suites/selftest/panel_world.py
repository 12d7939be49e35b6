"""A Prometheus that holds two hours of a generated world, with Grafana's datasource in front of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.contracts import Context, Http, Plan
from harness.dashboards.compared import Comparison, Truths, queried
from harness.dashboards.facts import Facts
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.documents.grafana import Datasources
from harness.errors import HarnessError
from harness.generators import metrics, scenario
from harness.generators.ground import TimelineGround
from harness.generators.metrics import Timeline
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import History, Level, Observation
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_sources import Sources
from harness.probes.panel import Browser, Viewing
from harness.services import grafana_player
from harness.toolchain import prepare

PROJECT = Path(__file__).resolve().parents[2]
DASHBOARDS = "config/grafana/provisioning/dashboards/caredroid"
JOBS = ("caredroid-backend", "prometheus", "alertmanager", "grafana", "node-exporter")
INSTANCES = {job: f"{job}:1" for job in JOBS}
OF_REAL_TARGETS = (
    'ALERTS{alertname="Watchdog",alertstate="firing",severity="info"} 1',
    'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="api"} 0',
    'alertmanager_notification_latency_seconds_bucket{job="alertmanager",integration="slack",le="1"} 0',
    'alertmanager_notification_latency_seconds_bucket{job="alertmanager",integration="slack",le="+Inf"} 0',
)
"""What servers tell of themselves, and so is not in the fixture of the world."""
HELD = ({"alertname": "Watchdog", "alertstate": "firing", "severity": "info"},)
LEVELS = {"grafana": Level.STAND_IN, "grafana-prometheus": Level.ENGINE, "prometheus": Level.NATIVE}


def fixtures() -> dict[str, Any]:
    """The project's fixtures, parsed."""
    return {f.stem: yaml.safe_load(f.read_text(encoding="utf-8")) for f in (PROJECT / "fixtures").glob("*.yml")}


@dataclass
class Served:
    """A Prometheus and a panel player, the moment their data ends, and what is true of it."""

    url: str
    player: str
    now: float
    timeline: Timeline
    fixtures: Mapping[str, Any] = field(default_factory=fixtures)

    def sources(self, configuration: Configuration, *, engine: bool = True) -> Sources:
        """The provisioned datasources: through Grafana's own code, or as the harness asks in its stead."""
        player = Connection(self.player) if engine else None
        return Sources.provisioned(configuration, {"prometheus": Connection(self.url)}, player)

    def looked(self, configuration: Configuration, *uids: str, samples: int = 6, past: float = 0.0) -> History:
        """The history of one look at dashboards: all those on Prometheus when none is named."""
        sources = self.sources(configuration)
        facts = Facts(TimelineGround(self.timeline, INSTANCES), None, HELD)
        comparison = Comparison(Truths(self.fixtures["panels"]), facts, sources.prometheus())
        seen: list[Observation] = []
        with Browser(sources) as browser:
            for dashboard in configuration.of(Dashboard):
                if dashboard.uid not in uids if uids else dashboard.uid == "audit-compliance":
                    continue
                shown, load = browser.look(dashboard, Viewing(now=self.now - past))
                for (_, panel), answer in zip(queried([dashboard]), load.panels, strict=True):
                    record = comparison.of(shown, panel, answer, samples)
                    told = Observation(self.now, "panel-value", f"{dashboard.uid}/{panel.title}", record)
                    seen.append(Observation.from_json(told.to_json()))
        return History(tuple(seen))

    def context(self, configuration: Configuration) -> Context:
        """What a verifier may know."""
        return Context(configuration, self.fixtures, LEVELS)


@contextmanager
def served(folder: Path, name: str = "healthy") -> Iterator[Served]:
    """Boot both on the past of a scenario. Skips the test where they cannot be had."""
    try:
        tools = prepare(("prometheus", "promtool", grafana_player.COMPONENT))
    except HarnessError as error:
        pytest.skip(str(error))
    now = time.time()
    timeline = _fill(folder, tools.binary("promtool"), name, now)
    (folder / "prometheus.yml").write_text("{}\n", encoding="utf-8")
    ports, launcher = PortLeases(folder / "ports"), ProcessLauncher(folder / "logs", Ledger(folder / "ledger"))
    port = ports.lease()
    argv = (
        str(tools.binary("prometheus")), f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
    )  # fmt: skip
    plan = Plan("prometheus", "prometheus", argv, Http("/-/ready"), Level.NATIVE, port=port, folder=folder)
    configuration = Configuration.load(PROJECT / "config-under-test")
    given = [one for document in configuration.of(Datasources) for one in document.datasources]
    known = {"prometheus:9090": f"127.0.0.1:{port}"}
    player = grafana_player.plan(tools.binary(grafana_player.COMPONENT), ports.lease(), folder / "player", given, known)
    instances = []
    try:
        instances.append(launcher.launch(plan))
        instances.append(launcher.launch(player))
        yield Served(instances[0].url, instances[1].url, now, timeline)
    finally:
        for instance in reversed(instances):
            instance.stop()
        ports.release()


def _fill(folder: Path, promtool: Path, name: str, now: float) -> Timeline:
    given = fixtures()
    world = metrics.read_world(given["world"], given["catalog"])
    written = yaml.safe_load((PROJECT / f"fixtures/scenarios/{name}.yml").read_text(encoding="utf-8"))
    timeline = Timeline(world, scenario.read(name, written, f"{name}.yml"), now - 5400, now - 1800)
    source = folder / "past.om"
    with source.open("w", encoding="utf-8") as file:
        for line in metrics.openmetrics(timeline, INSTANCES, now):
            if not line.startswith("# EOF"):
                file.write(line)
        for sample in OF_REAL_TARGETS:
            file.writelines(f"{sample} {now - 15 * step:.3f}\n" for step in range(300, -1, -1))
        file.write("# EOF\n")
    command = [promtool, "tsdb", "create-blocks-from", "--max-block-duration=15d", "openmetrics", source]
    subprocess.run([*command, folder / "data"], check=True, capture_output=True, timeout=60)
    return timeline


def shipped() -> Configuration:
    """The configuration under test."""
    return Configuration.load(PROJECT / "config-under-test")


def changed(dashboard: str, *edits: tuple[str, str]) -> Configuration:
    """The configuration under test with one dashboard changed: (what stands there, what is to stand there)."""
    root = PROJECT / "config-under-test"
    files = [*root.glob("config/grafana/**/*.yml"), *root.glob("config/grafana/**/*.json")]
    texts = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}
    name = f"{DASHBOARDS}/{dashboard}.json"
    for old, new in edits:
        assert old in texts[name], f"{name} no longer holds {old!r}: adapt the fault"
        texts[name] = texts[name].replace(old, new, 1)
    return Configuration.of_texts(texts)
