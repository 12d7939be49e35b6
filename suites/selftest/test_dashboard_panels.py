"""The probe and the exercise against a real Prometheus that holds two hours of the healthy world."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from harness.checks.dashboards.dashboard_load import DashboardLoad
from harness.checks.dashboards.panel_data import PanelData
from harness.contracts import Context, Http, Plan
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.errors import HarnessError
from harness.generators import metrics, scenario
from harness.judging import judge
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import History, Level, Observation, Verdict
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Viewing
from harness.probes.panel_answer import PanelAnswer, State
from harness.toolchain import locate

pytestmark = pytest.mark.stack

PROJECT = Path(__file__).parents[2]
DASHBOARDS = "config/grafana/provisioning/dashboards/caredroid"
JOBS = ("caredroid-backend", "prometheus", "alertmanager", "grafana", "node-exporter")
OF_REAL_TARGETS = (
    'ALERTS{alertname="Watchdog",alertstate="firing",severity="info"} 1',
    'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="api"} 0',
    'alertmanager_notification_latency_seconds_bucket{job="alertmanager",integration="slack",le="1"} 0',
    'alertmanager_notification_latency_seconds_bucket{job="alertmanager",integration="slack",le="+Inf"} 0',
)
"""What servers tell of themselves, and so is not in the fixture of the world."""
LEVELS = {"grafana": Level.STAND_IN, "prometheus": Level.NATIVE, "elasticsearch": Level.NATIVE}


def fixtures() -> dict[str, Any]:
    return {f.stem: yaml.safe_load(f.read_text(encoding="utf-8")) for f in (PROJECT / "fixtures").glob("*.yml")}


@dataclass
class Server:
    """A Prometheus, and the moment its data ends."""

    url: str
    now: float


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        tools = locate()
        binary, promtool = tools.binary("prometheus"), tools.binary("promtool")
    except HarnessError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("prometheus")
    now = time.time()
    _fill(folder, Path(promtool), now)
    (folder / "prometheus.yml").write_text("{}\n", encoding="utf-8")
    ports = PortLeases(folder / "ports")
    port = ports.lease()
    arguments = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
    argv = (str(binary), *(a.replace("=prometheus.yml", f"={folder}/prometheus.yml") for a in arguments))
    argv = tuple(a.replace("=data", f"={folder}/data") for a in argv)
    plan = Plan("prometheus", "prometheus", argv, Http("/-/ready"), Level.NATIVE, port=port, folder=folder)
    instance = ProcessLauncher(folder / "logs", Ledger(folder / "ledger")).launch(plan)
    try:
        yield Server(instance.url, now)
    finally:
        instance.stop()
        ports.release()


def _fill(folder: Path, promtool: Path, now: float) -> None:
    given = fixtures()
    world = metrics.read_world(given["world"], given["catalog"])
    healthy = yaml.safe_load((PROJECT / "fixtures/scenarios/healthy.yml").read_text(encoding="utf-8"))
    timeline = metrics.Timeline(world, scenario.read("healthy", healthy, "healthy.yml"), now - 5400, now - 1800)
    source = folder / "past.om"
    with source.open("w", encoding="utf-8") as file:
        for line in metrics.openmetrics(timeline, {job: f"{job}:1" for job in JOBS}, now):
            if not line.startswith("# EOF"):
                file.write(line)
        for sample in OF_REAL_TARGETS:
            file.writelines(f"{sample} {now - 15 * step:.3f}\n" for step in range(300, -1, -1))
        file.write("# EOF\n")
    command = [
        promtool,
        "tsdb",
        "create-blocks-from",
        "--max-block-duration=15d",
        "openmetrics",
        source,
        folder / "data",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


class Logs(BaseHTTPRequestHandler):
    """Answers `_msearch` as an Elasticsearch with seven lines in every bucket would, and refuses a wrong password."""

    protocol_version = "HTTP/1.1"
    refused = 0

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        if self.path.startswith("/_cache") or self.headers.get("Authorization"):
            self._say(200, {"responses": [self._found(json.loads(one)) for one in asked[1::2]]})
        else:
            type(self).refused += 1
            self._say(401, {"error": {"type": "security_exception", "reason": "missing authentication"}})

    def _found(self, body: Mapping[str, Any]) -> dict[str, Any]:
        hits = [{"_id": str(n), "_source": {}} for n in range(min(7, body.get("size", 10)))]
        return {"hits": {"total": {"value": 7}, "hits": hits}, "aggregations": _buckets(body.get("aggs", {}))}

    def _say(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def _buckets(aggs: Mapping[str, Any]) -> dict[str, Any]:
    """One bucket of seven for each aggregation, a value for each metric."""
    found: dict[str, Any] = {}
    for name, agg in aggs.items():
        buckets = "terms" in agg or "date_histogram" in agg
        inner = {"key": "a", "doc_count": 7, **_buckets(agg.get("aggs", {}))}
        found[name] = {"buckets": [inner]} if buckets else {"value": 2500.0}
    return found


@pytest.fixture(scope="module")
def logs() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Logs)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def suite() -> ModuleType:
    place = PROJECT / "suites/dashboards/exercise.py"
    spec = importlib.util.spec_from_file_location("dashboards_exercise", place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Stack:
    """As much of a running stack as the exercise needs."""

    configuration: Configuration
    urls: Mapping[str, str]
    fixtures: Mapping[str, Any] = field(default_factory=fixtures)
    steps: list[tuple[str, float | None, float | None]] = field(default_factory=list)

    def url(self, name: str) -> str:
        return self.urls[name]

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        return user, "secret"

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        self.steps.append((text, done, total))


class Recording:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        self.seen.append(Observation.from_json(Observation(at or time.time(), kind, subject, data).to_json()))

    @property
    def history(self) -> History:
        return History(tuple(self.seen))


def changed(dashboard: str, old: str, new: str) -> Configuration:
    """The configuration under test with one dashboard changed."""
    root = PROJECT / "config-under-test"
    files = [*root.glob("config/grafana/**/*.yml"), *root.glob("config/grafana/**/*.json")]
    texts = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}
    name = f"{DASHBOARDS}/{dashboard}.json"
    assert old in texts[name]
    return Configuration.of_texts({**texts, name: texts[name].replace(old, new)})


def one_panel(expr: str, **target: Any) -> Dashboard:
    panel = {"id": 1, "title": "P", "type": "timeseries", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}
    asked = {"refId": "A", "expr": expr, "datasource": {"type": "prometheus", "uid": "p"}, **target}
    document = {"uid": "d", "schemaVersion": 41, "panels": [{**panel, "targets": [asked]}]}
    return Configuration.of_texts({"d.json": json.dumps(document)}).of(Dashboard)[0]


def asked(server: Server, expr: str, **target: Any) -> PanelAnswer:
    given = "datasources: [{name: P, uid: p, type: prometheus, jsonData: {timeInterval: 15s}}]\napiVersion: 1\n"
    documents = Configuration.of_texts({"datasources.yml": given})
    sources = Sources.provisioned(documents, {"prometheus": Connection(server.url)})
    with Browser(sources) as browser:
        view = Viewing(server.now, TimeRange(server.now - 3600, server.now))
        return browser.load_dashboard(one_panel(expr, **target), view).panels[0]


def test_a_rate_comes_out_as_it_went_in(prometheus: Server) -> None:
    answer = asked(prometheus, 'sum(rate(http_requests_total{route="/api/chat"}[$__rate_interval]))')
    assert answer.state is State.DATA and answer.series == 1
    assert 239 <= answer.points <= 241
    assert answer.last_values["A{}"] == pytest.approx(4.0, rel=1e-6)


def test_an_instant_query_is_one_point(prometheus: Server) -> None:
    assert asked(prometheus, "sum(active_users)", instant=True).points == 1


@pytest.mark.parametrize(
    ("expr", "state"),
    [
        ("nobody_emits_this", State.NO_DATA),
        ("sum(rate(nobody_emits_this[5m])) or vector(0)", State.DATA),
        ("0 * active_users / 0", State.NAN),
        ("sum(active_users", State.ERROR),
    ],
)
def test_states(prometheus: Server, expr: str, state: State) -> None:
    answer = asked(prometheus, expr)
    assert answer.state is state
    assert bool(answer.message) is (state is State.ERROR)


def test_nobody_there_is_an_error_not_an_empty_panel() -> None:
    answer = asked(Server("http://127.0.0.1:1", time.time()), "up")
    assert answer.state is State.ERROR and "no connection" in answer.message


@pytest.fixture(scope="module")
def visited(prometheus: Server, logs: str, suite: ModuleType) -> tuple[Stack, History]:
    return visit(suite, Configuration.load(PROJECT / "config-under-test"), prometheus, logs)


def visit(suite: ModuleType, configuration: Configuration, server: Server, logs: str) -> tuple[Stack, History]:
    stack, recorder = Stack(configuration, {"prometheus": server.url, "elasticsearch": logs}), Recording()
    suite.exercise(stack, recorder)
    return stack, recorder.history


def context(stack: Stack) -> Context:
    return Context(stack.configuration, stack.fixtures, LEVELS)


def test_every_shipped_panel_shows_the_healthy_world(visited: tuple[Stack, History]) -> None:
    stack, history = visited
    result = judge(PanelData(), history, context(stack))
    assert [finding.message for finding in result.findings] == []
    assert result.verdict is Verdict.PASS and result.level is Level.STAND_IN
    assert result.proofs[0].samples == 56


def test_the_load_is_measured_a_hundred_times(visited: tuple[Stack, History]) -> None:
    stack, history = visited
    result = judge(DashboardLoad(), history, context(stack))
    assert result.verdict is Verdict.PASS
    assert result.proofs[0].samples >= 100 and 0 < (result.proofs[0].value or 0) < 3
    assert stack.steps[-1][1] == stack.steps[-1][2]


def test_the_numbers_on_the_panels_are_those_of_the_world(visited: tuple[Stack, History]) -> None:
    def value(panel: str, labels: str = "{}") -> float:
        seen = visited[1].last("panel", panel)
        assert seen
        return float(seen.data["targets"][0]["last"][labels])

    rates = [entry for entry in fixtures()["world"]["series"] if entry["metric"] == "http_requests_total"]
    every = sum(entry["rate"] for entry in rates)
    failed = sum(entry["rate"] for entry in rates if entry["labels"]["status_code"].startswith("5"))
    assert value("api-performance/Server error ratio") == pytest.approx(failed / every, rel=1e-6)
    chat = sum(entry["rate"] for entry in rates if entry["labels"]["route"] == "/api/chat")
    assert value("api-performance/Request rate by route", '{route="/api/chat"}') == pytest.approx(chat, rel=1e-6)


def test_a_panel_on_a_metric_nobody_emits_goes_red_and_names_it(
    prometheus: Server, logs: str, suite: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(suite, "WARM_ROUNDS", 1)
    broken = changed("database-performance", "database_queries_total", "database_query_total")
    stack, history = visit(suite, broken, prometheus, logs)
    result = judge(PanelData(), history, context(stack))
    assert result.verdict is Verdict.FAIL
    panels = {finding.message.split(" reads ")[0] for finding in result.findings if " reads " in finding.message}
    assert panels == {"database-performance/Query error ratio", "database-performance/Query rate by operation"}
    first = next(finding for finding in result.findings if " reads " in finding.message)
    assert "did you mean database_queries_total?" in first.message
    assert first.position.file == f"{DASHBOARDS}/database-performance.json" and first.position.line > 1


def test_labels_nobody_uses_go_red_though_the_panel_says_zero(
    prometheus: Server, logs: str, suite: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(suite, "WARM_ROUNDS", 1)
    broken = changed("database-performance", 'status=\\"error\\"', 'status=\\"failed\\"')
    stack, history = visit(suite, broken, prometheus, logs)
    result = judge(PanelData(), history, context(stack))
    assert [finding.message.split(":")[0] for finding in result.findings] == ["database-performance/Query error ratio"]
    assert 'status="failed"' in result.findings[0].message


def test_a_datasource_that_is_not_provisioned_is_an_error(
    prometheus: Server, logs: str, suite: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(suite, "WARM_ROUNDS", 1)
    broken = changed("cache-health", '"uid": "prometheus"', '"uid": "prometheus-2"')
    stack, history = visit(suite, broken, prometheus, logs)
    assert judge(PanelData(), history, context(stack)).verdict is Verdict.FAIL
    assert judge(DashboardLoad(), history, context(stack)).verdict is Verdict.UNKNOWN
