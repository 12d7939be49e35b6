"""A finished run judged again from what it left: no stack, no clock, no network. The same files give the same bytes."""

from __future__ import annotations

import datetime
import filecmp
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import lint
from harness.conclusion import conclude, render
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.errors import UnreadableError, UsageError
from harness.events import read_history
from harness.evidence import inputs, record
from harness.model import History, Judgement, Report
from harness.registry import discover
from harness.run import judge_history
from harness.settings import read_fixtures

RENDERED = ("verdict.json", "junit.xml", "summary.md", "report.html")


@dataclass(frozen=True, slots=True)
class Again:
    """A run judged again.

    `differing` are the rendered files that are not what the run wrote, `changed` the checks whose verdict is another,
    with what it was and is (empty: there was, or is, no such check); `same_harness`: the sources that judge now are
    those that judged first.
    """

    report: Report
    differing: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]
    same_harness: bool


def rejudge(folder: Path) -> tuple[Report, History]:
    """Judge a run folder again. Raises UnreadableError when its files are not what it was made of."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no run folder", hint="Name one below reports/, e.g. reports/latest.")
    told, known = record.read(folder), inputs.read(folder)
    original = Path(told.config_path)
    configuration = Configuration.of_files(original, inputs.configuration_files(folder, known, original))
    if configuration.sha256 != told.config_sha256:
        raise UnreadableError("the configuration kept in the run is not the one that the run names")
    context = Context(configuration, read_fixtures(inputs.fixtures_folder(folder, known)), told.levels)
    history = read_history(folder / "history.ndjson")
    judgements = _judgements(told, configuration, context, history)
    return conclude(told, context.fixtures, judgements), history


def again(folder: Path, into: Path) -> Again:
    """Judge a run again, write every format into a folder, and compare with what the run itself wrote."""
    report, history = rejudge(folder)
    into.mkdir(parents=True, exist_ok=True)
    render(report, into, history, inputs_of=folder)
    first = {j.check: j.verdict.label for j in record.read(folder).judgements}
    now = {j.check: j.verdict.label for j in report.judgements}
    return Again(
        report=report,
        differing=tuple(name for name in RENDERED if not _same(folder / name, into / name)),
        changed=tuple(
            (check, first.get(check, ""), now.get(check, ""))
            for check in sorted({*first, *now})
            if first.get(check) != now.get(check)
        ),
        same_harness=inputs.read(folder).harness_sha256 == inputs.harness_sha256(),
    )


def _judgements(told: Report, configuration: Configuration, context: Context, history: History) -> Sequence[Judgement]:
    """Everything that can be judged again, in the order of the run; what other programs said, as they said it."""
    chosen = [suite for suite in told.suites if suite != "lint"]
    day = datetime.date.fromisoformat(told.judged_on)
    read_again = lint.run(configuration, replace(context, levels={}), products=False, today=day)
    made = {j.check: j for j in (*read_again, *judge_history(history, context, chosen))}
    ours = {kind().id for kind in discover("harness.checks", Check)}
    # A check that this harness no longer has is gone; what no check of ours concluded stays as recorded.
    ordered = [made.get(j.check, j) for j in told.judgements if j.check in made or j.check not in ours]
    known = {j.check for j in told.judgements}
    return [*ordered, *(j for check, j in made.items() if check not in known)]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
