"""`--changed`: everything is read, and only what concerns a changed file is reported."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import lint
from harness.errors import UsageError

RULES = "groups: [{name: g, rules: [{alert: %s, expr: up > 1, for: 5m}]}]\n"


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, timeout=30)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "a.rules.yml").write_text(RULES % "A")
    (folder / "b.rules.yml").write_text(RULES % "B")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    return folder


def _said(folder: Path, base: str) -> tuple[int, str]:
    said: list[str] = []
    return lint.main([folder], changed_since=base, write=said.append), "".join(said)


def test_nothing_changed_is_nothing_found(checkout: Path) -> None:
    code, said = _said(checkout, "HEAD")
    assert code == 0
    assert "rules/impossible" not in said


def test_only_what_changed_is_reported(checkout: Path) -> None:
    (checkout / "b.rules.yml").write_text(RULES % "C")
    code, said = _said(checkout, "HEAD")
    assert code == 1
    assert "b.rules.yml:1" in said
    assert "a.rules.yml" not in said


def test_a_new_file_counts_as_changed(checkout: Path) -> None:
    (checkout / "c.rules.yml").write_text(RULES % "D")
    assert lint.changed_files(checkout, "HEAD") == {"c.rules.yml"}


@pytest.mark.parametrize("base", ["no-such-branch", "--output=x"])
def test_an_unknown_commit_is_a_usage_error(checkout: Path, base: str) -> None:
    with pytest.raises(UsageError, match="git cannot tell"):
        lint.changed_files(checkout, base)


def test_no_checkout_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        lint.changed_files(tmp_path, "HEAD")
