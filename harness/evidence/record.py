"""record.json: what was known of a run besides its history, and cannot be judged again: who took part, how long each
phase took, what the products' own checkers said. With the history and the inputs it is all a verdict is made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import UnreadableError
from harness.evidence.plain import from_plain, to_plain
from harness.model import Position, Report, Verdict

NAME = "record.json"


def write(report: Report, folder: Path) -> Path:
    """Write `record.json`. Conclusions that follow from the judgements are left out: they are drawn again."""
    path = folder / NAME
    kept = replace(
        report,
        baselines=(),
        requirements=(),
        checklists=(),
        sign_off_missing=(),
        verdict=Verdict.UNKNOWN,
        sign_off=Verdict.UNKNOWN,
    )
    text = json.dumps(to_plain(kept), ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def read(folder: Path) -> Report:
    """The report as it was recorded, without its conclusions. Raises UnreadableError."""
    path = folder / NAME
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        return from_plain(Report, data)
    except FileNotFoundError as error:
        raise UnreadableError(
            f"{folder} has no {NAME}: the run did not end, or is older than that record",
            hint=f"Its history can be judged suite by suite: pytest suites/NAME --recorded {folder}",
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"cannot read what was recorded of the run: {error!r}", at=Position(str(path))) from error
