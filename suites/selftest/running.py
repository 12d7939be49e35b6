"""How tests start the harness as a person would, and read what it left."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


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
    """The command line of the harness under this interpreter; a run that names no launcher starts processes.

    Otherwise what a test is about would depend on whether a Docker daemon happens to answer.
    """
    chosen = ("--launcher", "process") if arguments[:1] == ("verify",) and "--launcher" not in arguments else ()
    return [sys.executable, "-m", "harness.cli", *arguments, *chosen]
