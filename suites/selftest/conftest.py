"""What the tests that start the harness share: a copy of the configuration to break, and a run of it to read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 600


@dataclass(frozen=True)
class Ran:
    """A finished `harness verify`: its exit code, what it printed, and its verdict.json."""

    code: int
    output: str
    verdict: dict[str, Any]
    folder: Path

    def failed(self, check: str) -> list[dict[str, Any]]:
        """The findings of a check."""
        return [finding for finding in self.verdict["findings"] if finding["check"] == check]

    def names(self, check: str, file: str, *words: str) -> bool:
        """Whether a finding of the check is about the file and says all the words."""
        return any(f["file"] == file and all(word in f["message"] for word in words) for f in self.failed(check))


def environment(reports: Path) -> dict[str, str]:
    """The environment of a run whose reports go to a folder of the test's own."""
    return {**os.environ, "HARNESS_PROJECT": str(PROJECT), "HARNESS_REPORTS": str(reports)}


def command(*arguments: str) -> list[str]:
    """The command line of the harness under this interpreter."""
    return [sys.executable, "-m", "harness.cli", *arguments]


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
