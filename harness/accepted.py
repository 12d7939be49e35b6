"""fixtures/performance.yml: the figures that were accepted as the measure of later runs, by whom and why; tracked."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.errors import UnreadableError, UsageError
from harness.evidence.plain import from_plain, to_plain
from harness.evidence.trend import Figure, RunRecord
from harness.model import Position

NAME = "performance.yml"
_HEAD = """\
# The figures that nightly runs are held against, per machine; written by `harness accept`, reviewed like any change.
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The figures of one run on one machine, who accepted them, why, and when (ISO 8601)."""

    machine: str
    run: str
    root: str
    who: str
    why: str
    on: str
    figures: tuple[Figure, ...]

    def by_id(self) -> Mapping[str, Figure]:
        """The figures by the id of their baseline."""
        return {figure.id: figure for figure in self.figures}


def read(fixtures: Path) -> tuple[Accepted, ...]:
    """What was accepted, for each machine; nothing when there is no such file. Raises UnreadableError."""
    path = fixtures / NAME
    if not path.is_file():
        return ()
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(from_plain(Accepted, one) for one in data["accepted"])
    except (OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "It is written by harness accept."
        raise UnreadableError(f"no accepted figures: {error!r}", at=Position(str(path)), hint=hint) from error


def accept(fixtures: Path, record: RunRecord, who: str, why: str, on: datetime.date) -> Path:
    """Make a run's figures the measure for its machine. Raises UsageError without a name, a reason or a sound run."""
    if not who.strip() or not why.strip():
        raise UsageError("who accepts, and why, must be said", hint='harness accept RUN --who NAME --why "REASON"')
    if record.verdict == "fail":
        raise UsageError(f"{record.run} failed; its figures are no measure", hint="Accept a run that passed.")
    if not record.figures:
        raise UsageError(f"{record.run} measured nothing", hint="Accept a run of every suite: harness verify")
    made = Accepted(record.machine, record.run, record.root, who, why, on.isoformat(), record.figures)
    kept = [one for one in read(fixtures) if one.machine != record.machine]
    path = fixtures / NAME
    path.write_text(_HEAD + _dumped([*kept, made]), encoding="utf-8")
    return path


def _dumped(entries: Sequence[Accepted]) -> str:
    return yaml.safe_dump({"accepted": to_plain(tuple(entries))}, sort_keys=False, allow_unicode=True, width=120)
