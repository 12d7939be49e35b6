"""The main job with services in containers: green on what is under test, red where the deployment itself is broken."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from harness import wait
from harness.launchers.ledger import sweep
from suites.selftest import docker
from suites.selftest.running import command, environment
from suites.selftest.test_verify_faults import (
    ALERTMANAGER,
    API_DASHBOARD,
    CRITICAL_TO_WARNING,
    FIELD_DROPPED,
    FILEBEAT,
    NEVER_TRUE,
    OTHER_PATH,
    OTHER_PATH_ROTATED,
    PIPELINE,
    RULES,
    UNKNOWN_METRIC,
    WRONG_EQUAL,
)
from suites.selftest.test_verify_lifecycle import services_of

pytestmark = [pytest.mark.stack, pytest.mark.slow]

COMPOSE = "docker-compose.yml"
MOMENTS, LATEST_SECONDS = 10, 9.0


@pytest.fixture(autouse=True)
def daemon(monkeypatch):
    docker.require()
    monkeypatch.setenv("HARNESS_PULL", "never")


def test_all_suites_are_green_with_five_services_in_containers_and_the_rest_as_processes(verify):
    ran = verify("--launcher", "auto")
    assert ran.verdict["verdict"] == "pass", ran.output
    assert ran.code == 0, ran.output
    assert ran.verdict["launcher"] == "auto"
    components = {c["service"]: c for c in ran.verdict["components"]}
    contained = {name for name, c in components.items() if "development image" in c["note"]}
    assert contained == {*docker.SERVICES}
    assert {components[name]["level"] for name in contained} == {"native"}, "a development image proves no more"
    assert components["filebeat"]["version"].startswith("7.17"), "what runs, not what its tag says"
    assert ran.verdict["sign_off"]["verdict"] == "not proven"


def test_faults_of_alerting_and_another_path_of_filebeat_are_seen_in_containers(broken, verify):
    copy = broken(CRITICAL_TO_WARNING, NEVER_TRUE, WRONG_EQUAL, OTHER_PATH, OTHER_PATH_ROTATED)
    ran = verify("--launcher", "auto", "--config", str(copy), "--suite", "alerting", "--suite", "logs")
    assert ran.code == 1, ran.output
    assert ran.names("alerting/routing", ALERTMANAGER, "DatabasePoolExhausted", "pagerduty", "'warning'"), ran.output
    assert ran.names("alerting/fires", RULES, "EventLoopLagHigh", "returned nothing"), ran.output
    assert ran.names("alerting/inhibition", ALERTMANAGER, "symptom"), ran.output
    assert ran.names("logs/delivery", FILEBEAT, "/var/log/caredroid-app"), ran.output


def test_dropped_field_and_unknown_metric_are_seen_in_containers(broken, verify):
    copy = broken(FIELD_DROPPED, UNKNOWN_METRIC)
    ran = verify("--launcher", "auto", "--config", str(copy), "--suite", "searches", "--suite", "dashboards")
    assert ran.code == 1, ran.output
    assert PIPELINE in ran.output and "toolName" in ran.output
    assert ran.names("dashboards/panel-data", API_DASHBOARD, "http_request_total"), ran.output


WRONG_MOUNT = (COMPOSE, "yml:/etc/prometheus/prometheus.yml:ro", "yml:/etc/prometheus-server/prometheus.yml:ro")
MISSING_VARIABLE = (COMPOSE, "${ALERTMANAGER_SLACK_WEBHOOK:?", "${ALERTMANAGER_SLACK_HOOK:?")
RENAMED = (COMPOSE, "  alertmanager:\n    <<", "  alert-manager:\n    <<")
WRONG_PORT = (COMPOSE, '["127.0.0.1:9093:9093"]', '["127.0.0.1:9093:9094"]')
NEVER_HEALTHY = (
    COMPOSE,
    """9093/-/ready"]
      interval: 10s
      timeout: 5s
      retries: 6
      start_period: 10s""",
    """9093/-/never"]
      interval: 1s
      timeout: 1s
      retries: 2
      start_period: 1s""",
)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(WRONG_MOUNT, ("prometheus", "/etc/prometheus/prometheus.yml", "no such file"), id="wrong mount"),
        pytest.param(MISSING_VARIABLE, ("variable ALERTMANAGER_SLACK_HOOK is required",), id="missing variable"),
        pytest.param(RENAMED, ("there is no service 'alertmanager'",), id="renamed service"),
        pytest.param(
            WRONG_PORT,
            ("alertmanager", "is healthy, but nothing answers at the port it publishes, 9094/tcp"),
            id="wrong port",
        ),
        pytest.param(NEVER_HEALTHY, ("health check", "/-/never", "404"), id="health check that never passes"),
    ],
)
def test_a_broken_deployment_does_not_come_up(broken, verify, edit, words):
    ran = verify("--launcher", "auto", "--config", str(broken(edit)), "--suite", "alerting")
    assert ran.code == 1, ran.output
    assert ran.names("stack/booted", COMPOSE, *words), ran.output


def test_a_runner_killed_at_any_moment_is_swept(tmp_path: Path, monkeypatch):
    scratch, ledgers = tmp_path / "scratch", tmp_path / "monitoring-stack-harness"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    moments, found = random.Random(8), 0
    for _ in range(MOMENTS):
        run = subprocess.Popen(
            command("verify", "--launcher", "auto", "--suite", "alerting"),
            env={**environment(tmp_path / "reports"), "XDG_STATE_HOME": str(tmp_path)},
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait.pause(moments.uniform(0.5, LATEST_SECONDS))
        run.kill()
        run.wait(30)
        swept = sweep(ledgers)
        found += swept.containers
        assert docker.left_over(ledgers / "runs") == []
        assert [process.cmdline() for process in services_of(run.pid)] == []
        assert list(scratch.glob("harness-*")) == []
    assert found, "no kill came while containers ran, so nothing was proven"


def test_external_verifies_a_stack_that_is_up_and_leaves_no_trace(tmp_path: Path):
    stack, reports = tmp_path / "stack.yml", tmp_path / "reports"
    told = tmp_path / "up.txt"
    with told.open("w") as out:
        up = subprocess.Popen(command("up", "--stack", str(stack)), env=environment(reports), stdout=out, stderr=out)
    try:
        wait.until(
            lambda: up.poll() is not None or "lines written" in told.read_text(encoding="utf-8"),
            deadline=240,
            saying="the stack to be up",
        )
        assert up.poll() is None, told.read_text(encoding="utf-8")
        done = subprocess.run(
            command("verify", "--launcher", "external", "--stack", str(stack)),
            env=environment(reports),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        verdict = json.loads((reports / "latest" / "verdict.json").read_text(encoding="utf-8"))
        checks = {c["id"]: c["verdict"] for c in verdict["checks"] if c["id"].startswith("staging/")}
        assert checks == dict.fromkeys(checks, "pass") and len(checks) == 5, done.stdout + done.stderr
        assert verdict["launcher"] == "external" and verdict["sign_off"]["verdict"] == "not proven"
        assert "notifications" in told.read_text(encoding="utf-8")
    finally:
        up.terminate()
        assert up.wait(60) == 130
    assert told.read_text(encoding="utf-8").rstrip().endswith("has been stopped")
