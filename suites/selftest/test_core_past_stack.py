"""The past that is made for a Prometheus is one that a real Prometheus has."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.contracts import Http, Plan
from harness.errors import HarnessError
from harness.generators import notation
from harness.generators.metrics import Timeline, openmetrics, read_world, sample_name
from harness.generators.scenario import Scenario, Track
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessInstance, ProcessLauncher
from harness.model import Level, Position
from harness.toolchain import Toolchain, locate

pytestmark = pytest.mark.stack

CATALOG = {
    "metrics": [
        {"name": "requests_total", "type": "counter", "job": "web"},
        {"name": "connections", "type": "gauge", "job": "web"},
        {"name": "duration_seconds", "type": "histogram", "job": "web", "buckets": [0.1, 0.5]},
    ]
}
WORLD = read_world(
    {
        "series": [
            {"metric": "requests_total", "labels": {"path": ['/a"b\\c', "/ok"]}, "rate": 2},
            {"metric": "connections", "value": 7},
            {"metric": "duration_seconds", "observations": {0.1: 9, "+Inf": 1}},
        ]
    },
    CATALOG,
)
NOW = float(int(time.time()) // 15 * 15)
LINE = Timeline(
    WORLD,
    Scenario("a", "a", 600, (Track("requests_total", (("path", "/ok"),), (0, 150, 300)),), {}, frozenset()),
    NOW - 3600,
    NOW - 600,
)


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    tools = locate()
    try:
        if tools.binary("promtool").is_file() and tools.binary("prometheus").is_file():
            return tools
    except HarnessError as error:
        pytest.skip(f"Prometheus is not installed (harness setup): {error.message}")
    pytest.skip("Prometheus is not installed: harness setup")


@pytest.fixture(scope="module")
def prometheus(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessInstance]:
    folder = tmp_path_factory.mktemp("past")
    source = folder / "past.om"
    source.write_text("".join(openmetrics(LINE, {"web": "web:1"}, NOW)), encoding="utf-8")
    command = [toolchain.binary("promtool"), "tsdb", "create-blocks-from", "openmetrics", source, folder / "data"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (folder / "empty.yml").write_text("{}\n")
    ledger, leases = Ledger(folder / "state"), PortLeases(folder / "ports")
    port = leases.lease()
    argv = (
        str(toolchain.binary("prometheus")),
        f"--config.file={folder / 'empty.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    plan = Plan("prometheus", "prometheus", argv, Http("/-/ready"), Level.NATIVE, port=port, folder=folder)
    instance = ProcessLauncher(folder / "logs", ledger).launch(plan)
    yield instance
    instance.stop()
    ledger.close()
    leases.release()


def ask(prometheus: ProcessInstance, query: str, at: float = NOW) -> dict[str, float]:
    answer = requests.get(f"{prometheus.url}/api/v1/query", params={"query": query, "time": str(at)}, timeout=10)
    body = answer.json()
    assert body["status"] == "success", body
    found = {}
    for result in body["data"]["result"]:
        labels = {
            name: value for name, value in result["metric"].items() if name not in ("__name__", "job", "instance")
        }
        found[sample_name(result["metric"].get("__name__", ""), sorted(labels.items()))] = float(result["value"][1])
    return found


@pytest.mark.parametrize("ago", [0, 585, 600, 615, 3600])
def test_every_sample_is_there_as_it_was_written(prometheus, ago):
    expected = {sample_name(name, labels): value for name, labels, value in LINE.samples("web", NOW - ago)}
    assert ask(prometheus, '{job="web",__name__!="up"}', NOW - ago) == pytest.approx(expected)
    assert ask(prometheus, "up", NOW - ago) == {"up": 1}


def test_a_rate_over_the_beginning_of_the_incident_sees_no_reset(prometheus):
    (before,) = ask(prometheus, 'rate(requests_total{path="/ok"}[5m])', NOW - 600).values()
    (across,) = ask(prometheus, 'rate(requests_total{path="/ok"}[5m])', NOW - 450).values()
    (after,) = ask(prometheus, 'rate(requests_total{path="/ok"}[5m])').values()
    assert (before, after) == (pytest.approx(2, rel=0.01), pytest.approx(10, rel=0.01))
    assert across == pytest.approx(6, rel=0.1)
    assert ask(prometheus, "max(resets(requests_total[1h]))") == {"": 0}


def test_quantiles_can_be_taken_of_its_histograms(prometheus):
    (p50,) = ask(prometheus, "histogram_quantile(0.5, rate(duration_seconds_bucket[5m]))").values()
    assert 0 < p50 < 0.1


@pytest.mark.parametrize("text", ["-2+4x3", "1-2x4", "1x4", "1 _x3 5-2x2", "0+45x2", "1 2 3", "1e1+5e-1x3", "5 _ 7"])
def test_notation_means_to_us_what_it_means_to_promtool(toolchain, tmp_path, text):
    values = notation.values(text, Position("a"))
    cases = [
        {
            "expr": "last_over_time(a[10s]) + 0",
            "eval_time": f"{15 * step}s",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for step, value in enumerate([*values, None])
    ]
    import yaml

    test = {"interval": "15s", "input_series": [{"series": "a", "values": text}], "promql_expr_test": cases}
    file: Path = tmp_path / "case.yml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}))
    done = subprocess.run(
        [toolchain.binary("promtool"), "test", "rules", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
