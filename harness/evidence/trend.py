"""reports/history/RUN.json: what is kept of each run when its folder is gone: verdicts, figures, the seal."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = "history"


def root_of(reports: Path, run: str) -> str:
    """The seal that a run was recorded with outside of its own folder; empty when none was."""
    try:
        data = json.loads((reports / FOLDER / f"{run}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(data.get("root", "")) if isinstance(data, dict) else ""
