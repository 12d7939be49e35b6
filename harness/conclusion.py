"""What follows from a run's judgements, and how it is written: pure first, then into the run folder, then sealed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import judging, waivers
from harness.events import read_history
from harness.evidence import inputs, manifest, record, trend
from harness.model import Accepted, History, Judgement, Report


def conclude(told: Report, fixtures: Mapping[str, Any], judgements: Sequence[Judgement]) -> Report:
    """The report with everything that follows from its judgements: pure, so that a finished run can be judged again."""
    lines = judging.requirements(fixtures["requirements"], judgements, told.levels)
    measured = judging.baselines(fixtures["baselines"], judgements, [name for name in told.suites if name != "lint"])
    verdict, missing = judging.sign_off(lines, measured)
    judged = judging.overall(judgements)
    return replace(
        told,
        judgements=tuple(judgements),
        baselines=measured,
        requirements=lines,
        verdict=judging.of_whole_run(judged, lines, told.left_out) if told.whole else judged,
        sign_off=verdict,
        sign_off_missing=missing,
        checklists=judging.checklists(fixtures, judgements, told.levels),
        waivers=tuple(
            Accepted(one.check, one.file, one.text, one.reason, one.expires.isoformat())
            for one in waivers.of(fixtures).entries
        ),
    )


def write_reports(report: Report, folder: Path) -> str:
    """Write every format into the run folder, seal it, keep its record, and point `latest` at it. Returns the root."""
    record.write(report, folder)
    history = read_history(folder / "history.ndjson")
    render(report, folder, history)
    root = manifest.write(folder)
    trend.write(report, folder, history, root)
    link, fresh = folder.parent / "latest", folder.parent / f".latest-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(link)
    return root


def render(report: Report, folder: Path, history: History, inputs_of: Path | None = None) -> None:
    """Write every format into a folder: the same report and history give the same bytes.

    `inputs_of` is the folder of the run when it is not the one written to.
    """
    from harness.reporters import html, junit, markdown, verdict_json

    _write_overlay(report, folder)
    verdict_json.write(report, folder)
    junit.write(report, folder)
    markdown.write(report, folder)
    html.write(report, folder, history, inputs.read_if_any(inputs_of or folder))


def _write_overlay(report: Report, folder: Path) -> None:
    overlay = folder / "overlay"
    overlay.mkdir(exist_ok=True)
    for number, change in enumerate(report.overlay):
        name = "".join(c if c.isalnum() else "-" for c in change.file).strip("-")
        (overlay / f"{number:02d}-{name}.diff").write_text(f"# {change.why}\n{change.diff}\n", encoding="utf-8")
