"""A run that is disturbed ends with a verdict and a reason, and leaves nothing behind, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.launchers.ledger import MARK, sweep
from suites.selftest.running import command, environment

BOOT_SECONDS = 180
END_SECONDS = 300

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    runs: list[subprocess.Popen[str]] = []
    yield runs
    for run in runs:
        if run.poll() is None:
            run.kill()
            run.wait(30)
    sweep(ledgers(tmp_path))


def ledgers(tmp_path: Path) -> Path:
    """Where the runs of a test keep their ledgers: apart, so that no other run sweeps up after them."""
    return tmp_path / "monitoring-stack-harness"


def start(runs, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    run = subprocess.Popen(
        command("verify", *arguments),
        env={**environment(tmp_path / "reports"), "XDG_STATE_HOME": str(tmp_path)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    runs.append(run)
    return run


def services_of(runner: int) -> list[psutil.Process]:
    """The processes that a runner started, by the mark they carry."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(f"{runner}-") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def running(runner: int, word: str) -> psutil.Process | None:
    for process in services_of(runner):
        try:
            if word in " ".join(process.cmdline()):
                return process
        except psutil.Error:
            continue
    return None


def recorded(tmp_path: Path, text: str) -> bool:
    return any(text in path.read_text(encoding="utf-8") for path in (tmp_path / "reports").glob("*/history.ndjson"))


def test_killed_alertmanager_is_named_and_the_run_ends(started, tmp_path):
    run = start(started, tmp_path, "--suite", "alerting")
    wait.until(
        lambda: recorded(tmp_path, '"kind": "alert-state"'), deadline=BOOT_SECONDS, saying="alerts to be watched"
    )
    victim = running(run.pid, "alertmanager-storm")
    assert victim is not None
    victim.kill()
    output, _ = run.communicate(timeout=END_SECONDS)
    assert run.returncode in (1, 3), output
    assert "alertmanager" in output and "SIGKILL" in output, output


def test_killed_elasticsearch_is_named_and_the_run_ends(started, tmp_path):
    run = start(started, tmp_path, "--suite", "logs")
    wait.until(
        lambda: recorded(tmp_path, '"subject": "filebeat"'), deadline=BOOT_SECONDS, saying="the pipeline to be up"
    )
    victim = running(run.pid, "org.elasticsearch")
    assert victim is not None
    victim.kill()
    output, _ = run.communicate(timeout=END_SECONDS)
    assert run.returncode in (1, 3), output
    assert "elasticsearch" in output and "SIGKILL" in output, output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(started, tmp_path, how):
    run = start(started, tmp_path, "--suite", "alerting")
    wait.until(lambda: len(services_of(run.pid)) >= 3, deadline=BOOT_SECONDS, saying="services to be up")
    os.kill(run.pid, how)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    assert services_of(run.pid) == []
    assert not list((ledgers(tmp_path) / "runs").glob(f"{run.pid}-*"))


def test_a_killed_runner_is_swept_by_the_next(started, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    run = start(started, tmp_path, "--suite", "alerting")
    wait.until(lambda: len(services_of(run.pid)) >= 3, deadline=BOOT_SECONDS, saying="services to be up")
    run.kill()
    run.wait(30)
    assert list(scratch.glob("harness-*")), "the run should have left its folder, or the sweep proves nothing"
    assert services_of(run.pid), "the services should have outlived their killed runner, or the sweep proves nothing"
    swept = sweep(ledgers(tmp_path))
    assert swept.processes >= 1 and swept.folders >= 1
    assert [process.cmdline() for process in services_of(run.pid)] == []
    assert not list(scratch.glob("harness-*"))
