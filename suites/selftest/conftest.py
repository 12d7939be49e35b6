"""What the tests that start the harness share: a copy of the configuration to break, and a run of it to read."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from suites.selftest.running import PROJECT, Ran, command, environment

RUN_SECONDS = 1200


@pytest.fixture
def verify(tmp_path: Path) -> Callable[..., Ran]:
    """Run `harness verify` with arguments and read what it left."""

    def run(*arguments: str) -> Ran:
        reports = tmp_path / "reports"
        done = subprocess.run(
            command("verify", *arguments),
            env=environment(reports),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        latest = reports / "latest"
        file = latest / "verdict.json"
        verdict = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return Ran(done.returncode, done.stdout + done.stderr, verdict, latest)

    return run


@pytest.fixture
def broken(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the configuration under test with single edits: (file, what stands there, what is to stand there)."""

    def make(*edits: tuple[str, str, str]) -> Path:
        copy = tmp_path / "config-under-test"
        shutil.copytree(PROJECT / "config-under-test", copy)
        for file, old, new in edits:
            path = copy / file
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{file} no longer holds {old!r}: adapt the fault"
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return make
