"""The probe and the exercise against a real Prometheus that holds two hours of the healthy world."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.checks.dashboards.dashboard_load import DashboardLoad
from harness.checks.dashboards.panel_data import PanelData
from harness.checks.dashboards.viewers import Viewers
from harness.contracts import Context, Instance, Plan
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.generators.metrics import Timeline
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
from harness.stack import Workspace
from harness.toolchain import prepare
from suites.selftest.panel_world import DASHBOARDS, JOBS, LEVELS, PROJECT, Served, changed, fixtures, served, shipped

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("prometheus")) as one:
        yield one


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
        inner = {
            "key": 1700000000000 if "date_histogram" in agg else "a",
            "doc_count": 7,
            **_buckets(agg.get("aggs", {})),
        }
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
class Lane:
    """As much of a lane as says what is true in it."""

    timeline: Timeline
    player: Any


@dataclass
class Stack:
    """As much of a running stack as the exercise needs."""

    configuration: Configuration
    urls: Mapping[str, str]
    workspace: Workspace
    ports: PortLeases
    launcher: ProcessLauncher
    lanes: dict[str, Any]
    fixtures: Mapping[str, Any] = field(default_factory=fixtures)
    steps: list[tuple[str, float | None, float | None]] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    thorough: bool = False
    named: bool = False

    def url(self, name: str) -> str:
        return self.urls[name]

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        return user, "secret"

    def extra(self, name: str) -> Path:
        return prepare((name,)).binary(name)

    def launch(self, plan: Plan) -> Instance:
        self.instances.append(self.launcher.launch(plan))
        return self.instances[-1]

    def recall(self, key: str) -> Any:
        return None

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


def everywhere(dashboard: str, old: str, new: str) -> Configuration:
    """The configuration under test with one text of a dashboard changed wherever it stands."""
    text = (PROJECT / "config-under-test" / DASHBOARDS / f"{dashboard}.json").read_text(encoding="utf-8")
    return changed(dashboard, *[(old, new)] * text.count(old))


def one_panel(expr: str, **target: Any) -> Dashboard:
    panel = {"id": 1, "title": "P", "type": "timeseries", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}
    asked = {"refId": "A", "expr": expr, "datasource": {"type": "prometheus", "uid": "p"}, **target}
    document = {"uid": "d", "schemaVersion": 41, "panels": [{**panel, "targets": [asked]}]}
    return Configuration.of_texts({"d.json": json.dumps(document)}).of(Dashboard)[0]


DATASOURCES = Configuration.of_texts(
    {"d.yml": "datasources: [{name: P, uid: p, type: prometheus, jsonData: {timeInterval: 15s}}]\napiVersion: 1\n"}
)


def asked(server: Served, expr: str, **target: Any) -> PanelAnswer:
    return asked_of(
        Sources.provisioned(DATASOURCES, {"prometheus": Connection(server.url)}), server.now, expr, **target
    )


def asked_of(sources: Sources, now: float, expr: str, **target: Any) -> PanelAnswer:
    with Browser(sources) as browser:
        view = Viewing(now, TimeRange(now - 3600, now))
        return browser.load_dashboard(one_panel(expr, **target), view).panels[0]


def test_a_rate_comes_out_as_it_went_in(prometheus: Served) -> None:
    answer = asked(prometheus, 'sum(rate(http_requests_total{route="/api/chat"}[$__rate_interval]))')
    assert answer.state is State.DATA and answer.series == 1
    assert 239 <= answer.points <= 241
    assert answer.last_values["A{}"] == pytest.approx(4.0, rel=1e-6)


def test_an_instant_query_is_one_point(prometheus: Served) -> None:
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
def test_states(prometheus: Served, expr: str, state: State) -> None:
    answer = asked(prometheus, expr)
    assert answer.state is state
    assert bool(answer.message) is (state is State.ERROR)


def test_nobody_there_is_an_error_not_an_empty_panel() -> None:
    sources = Sources.provisioned(DATASOURCES, {"prometheus": Connection("http://127.0.0.1:1")})
    answer = asked_of(sources, time.time(), "up")
    assert answer.state is State.ERROR and "no connection" in answer.message


@pytest.fixture(scope="module")
def visited(
    prometheus: Served, logs: str, suite: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Stack, History]:
    return visit(suite, shipped(), prometheus, logs, tmp_path_factory.mktemp("visit"))


def visit(
    suite: ModuleType, configuration: Configuration, server: Served, logs: str, folder: Path
) -> tuple[Stack, History]:
    """Play the exercise, with a sweep over one range and two viewers."""
    given = fixtures()
    given["panels"] |= {"sweep": {"ranges": ["1h"]}, "viewers": {"plain": [{"viewers": 2, "seconds": 3}]}}
    addresses = {job: "127.0.0.1:1" for job in JOBS}
    ports = PortLeases(folder / "ports")
    stack = Stack(
        configuration,
        {"prometheus": server.url, "elasticsearch": logs},
        Workspace(folder, folder),
        ports,
        ProcessLauncher(folder / "logs", Ledger(folder / "ledger")),
        {"wave-1": Lane(server.timeline, SimpleNamespace(addresses=addresses))},
        given,
    )
    recorder = Recording()
    try:
        suite.exercise(stack, recorder)
    finally:
        for instance in stack.instances:
            instance.stop()
        ports.release()
    return stack, recorder.history


def context(stack: Stack) -> Context:
    return Context(stack.configuration, stack.fixtures, {**LEVELS, "elasticsearch": Level.NATIVE})


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
    opened = [step for step in stack.steps if step[0] == "all panels at once"]
    assert opened[-1][1] == opened[-1][2]


def test_a_crowd_of_viewers_is_let_in_and_each_of_their_loads_is_judged(visited: tuple[Stack, History]) -> None:
    stack, history = visited
    assert len(history.of_kind("viewer-load")) >= 2
    result = judge(Viewers(), history, context(stack))
    assert result.verdict is Verdict.PASS and "2 viewers" in result.proofs[0].statement


def test_every_panel_is_swept_over_every_value_of_its_variables(visited: tuple[Stack, History]) -> None:
    history = visited[1]
    looks = history.of_kind("panel-sweep", "user-activity/Active users")
    assert [look.data["chosen"] for look in looks] == [
        {}, *({"role": role} for role in ("admin", "nurse", "pharmacist", "physician", "student")),
    ]  # fmt: skip
    assert {look.data["targets"][0]["state"] for look in looks} == {"data"}


@pytest.fixture
def quick(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the exercise as shows what is in the panels."""
    monkeypatch.setattr(suite, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(suite, "WARM_ROUNDS", 1)
    monkeypatch.setattr(suite, "ROUNDS_AT_ONCE", 1)
    monkeypatch.setattr(suite.Sweep, "run", lambda *_, **__: None)
    monkeypatch.setattr(suite.crowd, "watch", lambda *_, **__: None)


def test_a_panel_on_a_metric_nobody_emits_goes_red_and_names_it(
    prometheus: Served, logs: str, suite: ModuleType, quick: None, tmp_path: Path
) -> None:
    broken = everywhere("database-performance", "database_queries_total", "database_query_total")
    stack, history = visit(suite, broken, prometheus, logs, tmp_path)
    result = judge(PanelData(), history, context(stack))
    assert result.verdict is Verdict.FAIL
    panels = {finding.message.split(" reads ")[0] for finding in result.findings if " reads " in finding.message}
    assert panels == {"database-performance/Query error ratio", "database-performance/Query rate by operation"}
    first = next(finding for finding in result.findings if " reads " in finding.message)
    assert "did you mean database_queries_total?" in first.message
    assert first.position.file == f"{DASHBOARDS}/database-performance.json" and first.position.line > 1


def test_labels_nobody_uses_go_red_though_the_panel_says_zero(
    prometheus: Served, logs: str, suite: ModuleType, quick: None, tmp_path: Path
) -> None:
    broken = everywhere("database-performance", 'status=\\"error\\"', 'status=\\"failed\\"')
    stack, history = visit(suite, broken, prometheus, logs, tmp_path)
    result = judge(PanelData(), history, context(stack))
    assert [finding.message.split(":")[0] for finding in result.findings] == ["database-performance/Query error ratio"]
    assert 'status="failed"' in result.findings[0].message


def test_a_datasource_that_is_not_provisioned_is_an_error(
    prometheus: Served, logs: str, suite: ModuleType, quick: None, tmp_path: Path
) -> None:
    broken = everywhere("cache-health", '"uid": "prometheus"', '"uid": "prometheus-2"')
    stack, history = visit(suite, broken, prometheus, logs, tmp_path)
    assert judge(PanelData(), history, context(stack)).verdict is Verdict.FAIL
    assert judge(DashboardLoad(), history, context(stack)).verdict is Verdict.UNKNOWN
