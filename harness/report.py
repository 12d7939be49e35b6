"""`harness report`: a finished run judged and rendered again, its seal checked, a claim traced to raw records."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import printing
from harness.errors import UsageError
from harness.evidence import manifest, trend
from harness.model import Report, Verdict
from harness.rejudge import again, rejudge
from harness.reporters import summary

_EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNKNOWN: 3}
_SHOWN_CHARACTERS = 240
_SHOWN_LINES = 3


def main(reports: Path, words: Sequence[str], into: Path | None, root: str, pdf: Path | None = None) -> int:
    """Do what the words ask for and return the exit code. Raises UsageError."""
    action, rest = (words[0], words[1:]) if words[0] in ("verify", "trace") and len(words) > 1 else ("", words)
    wanted = 2 if action == "trace" else 1
    if len(rest) != wanted:
        raise UsageError(
            f"harness report {action} takes {wanted} word{'s' * (wanted > 1)} more, not {len(rest)}",
            hint="harness report RUN, harness report verify RUN, harness report trace RUN REQUIREMENT",
        )
    folder = find(reports, rest[0])
    if action == "verify":
        return _verify(folder, root or trend.root_of(reports, folder.resolve().name))
    if action == "trace":
        return _trace(folder, rest[1])
    code = _again(folder, into or reports / "again" / folder.resolve().name)
    if pdf is not None:
        page = (into or reports / "again" / folder.resolve().name) / "report.html"
        sys.stdout.write(f"pdf     {printing.pdf(page, pdf)}\n")
    return code


def find(reports: Path, name: str) -> Path:
    """The folder of a run that is named by its path or its id. Raises UsageError."""
    for folder in (Path(name), reports / name):
        if folder.is_dir():
            return folder
    known = sorted(path.parent.name for path in reports.glob("*/history.ndjson") if path.parent.name != "latest")
    raise UsageError(
        f"no run {name!r}", hint=f"Runs are in {reports}." + (f" The newest: {known[-1]}" if known else "")
    )


def _verify(folder: Path, root: str) -> int:
    found = manifest.verify(folder, root)
    for word, names in (("changed", found.changed), ("missing", found.missing), ("not of the run", found.added)):
        for name in names:
            sys.stdout.write(f"✗ {name}: {word}\n")
    if found.root_differs:
        sys.stdout.write(f"✗ {manifest.NAME}: not the one that the run was sealed with, {root}\n")
    if found.holds:
        against = "the seal kept elsewhere agrees" if root else "compare the seal with the one that the run printed"
        sys.stdout.write(f"✓ {found.files} files are as the run wrote them; {against}\n")
    sys.stdout.write(f"sealed  {found.root}\n")
    return 0 if found.holds else 1


def _again(folder: Path, into: Path) -> int:
    judged = again(folder, into)
    sys.stdout.write(f"{summary.headline(judged.report)}: {summary.tally(judged.report)}\n")
    if not judged.differing:
        sys.stdout.write("✓ byte for byte what the run wrote\n")
    else:
        why = "" if judged.same_harness else " (judged by other sources of the harness than the run's)"
        sys.stdout.write(f"! differs from what the run wrote: {', '.join(judged.differing)}{why}\n")
    for check, was, now in judged.changed:
        told = f"was {was}, is {now}" if was and now else f"is new: {now}" if now else f"is no longer there, was {was}"
        sys.stdout.write(f"! {check} {told}\n")
    sys.stdout.write(f"report  {into / 'report.html'}\n")
    return _EXIT[judged.report.verdict]


def _trace(folder: Path, name: str) -> int:
    report, history = rejudge(folder)
    checks = _carrying(report, name)
    sys.stdout.write(f"{name}\n")
    for judgement in report.judgements:
        if judgement.check not in checks:
            continue
        sys.stdout.write(f"  {summary.standing(judgement).symbol} {judgement.check}: {judgement.reason}\n")
        for seen in judgement.records:
            sys.stdout.write(f"      history.ndjson:{seen}  {seen.kind}\n")
            for line in seen.lines[:_SHOWN_LINES]:
                told = json.dumps(history.observations[line - 1].data, ensure_ascii=False, default=str)
                sys.stdout.write(f"        {line}: {told[:_SHOWN_CHARACTERS]}\n")
        if not judgement.records:
            sys.stdout.write("      read the configuration, no observation\n")
    return 0


def _carrying(report: Report, name: str) -> tuple[str, ...]:
    carried = {line.id: line.checks for line in report.requirements}
    carried |= {line.id: line.checks for line in report.baselines}
    if name in carried:
        return carried[name]
    if any(judgement.check == name for judgement in report.judgements):
        return (name,)
    raise UsageError(f"no requirement, baseline or check {name!r}", hint=f"There are: {', '.join(carried)}.")
