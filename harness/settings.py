"""Where things are: the project's data beside the package, and what the environment may change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.errors import UnreadableError, UsageError
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Settings:
    """The folders a run reads from and writes to."""

    project: Path
    config: Path
    fixtures: Path
    suites: Path
    reports: Path

    @classmethod
    def here(cls, config: Path | None = None) -> Settings:
        """The settings of the project in `$HARNESS_PROJECT`, the working directory, or around this package."""
        project = _project()
        chosen = (config or project / "config-under-test").resolve()
        reports = Path(os.environ.get("HARNESS_REPORTS") or project / "reports")
        return cls(project, chosen, project / "fixtures", project / "suites", reports)


def _project() -> Path:
    named = os.environ.get("HARNESS_PROJECT")
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parent.parent]
    for candidate in candidates:
        if (candidate / "fixtures" / "baselines.yml").is_file():
            return candidate
    raise UsageError(
        f"no project in {candidates[0]}: fixtures/baselines.yml is not there",
        hint="Run from a checkout of the project, or name one: HARNESS_PROJECT=/path/to/checkout",
    )


def read_fixtures(folder: Path) -> Mapping[str, Any]:
    """Every YAML file directly in `folder`, parsed, by stem. Raises UnreadableError with file and line."""
    fixtures = {}
    for path in sorted(folder.glob("*.yml")):
        fixtures[path.stem] = read_yaml(path)
    return fixtures


def read_yaml(path: Path) -> Any:
    """One YAML file of the project's own. Raises UnreadableError with file and line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = Position(str(path), mark.line + 1, mark.column + 1) if mark else Position(str(path))
        raise UnreadableError(f"broken YAML: {error.problem}", at=at) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableError(f"cannot be read: {error}", at=Position(str(path))) from error
