"""summary.md: the answer, what stands in the way, and the baselines, short enough for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.model import BaselineResult, Finding, Judgement, Report
from harness.reporters.summary import (
    Standing,
    answer,
    failures,
    gaps,
    headline,
    line_standing,
    quantity,
    standing,
    standing_of,
    tally,
    way_out,
)

NAME = "summary.md"
MOST = 20
"""How many entries of a list are written out; a pull request is read in passing, the report holds them all."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&@$])")
_BREAKS = re.compile(r"[\x00-\x20\x7f\u2028\u2029\ud800-\udfff]+")


def write(report: Report, folder: Path) -> Path:
    """Write `summary.md` and return its path."""
    path = folder / NAME
    path.write_text("\n".join(_lines(report)) + "\n", encoding="utf-8")
    return path


def _lines(report: Report) -> Iterator[str]:
    yield f"## {headline(report)}: {tally(report)}"
    yield ""
    yield _plain(answer(report))
    yield from _failed(report.judgements)
    yield from _open(report.judgements)
    yield from _baselines(report.baselines)
    yield from _sign_off(report)
    yield ""
    config, suites = f"{report.config_path} {report.config_sha256[:7]}", ", ".join(report.suites)
    suites += f" (not run: {', '.join(report.left_out)})" if report.left_out else ""
    yield (
        f"Run {_plain(report.run)} of {_plain(config)}, suites {_plain(suites)}, "
        f"launcher {_plain(report.launcher)}, {report.seconds:.0f} s. Everything else is in `report.html`."
    )


def _failed(judgements: Iterable[Judgement]) -> Iterator[str]:
    found = [finding for judgement in judgements for finding in failures(judgement)]
    yield from _listed("Failed", [_finding(finding) for finding in found])


def _finding(finding: Finding) -> str:
    where = _code(str(finding.position))
    return f"- {Standing.FAILED.symbol} `{where}` {_plain(finding.message)} ({_plain(finding.check)})"


def _open(judgements: Iterable[Judgement]) -> Iterator[str]:
    told = []
    for judgement in judgements:
        if standing(judgement) in (Standing.UNKNOWN, Standing.BEYOND_REACH):
            for gap in gaps(judgement):
                needs = f" — needs level {gap.needs.label}" if gap.needs is not None else ""
                way = f" — {_plain(way_out(gap))}" if way_out(gap) else ""
                told.append(f"- {Standing.UNKNOWN.symbol} {_plain(judgement.check)}: {_plain(gap.reason)}{needs}{way}")
    yield from _listed("Not proven", told)


def _listed(title: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield ""
        yield f"### {title}"
        yield ""
        yield from entries[:MOST]
        if len(entries) > MOST:
            yield f"- and {len(entries) - MOST} more, see `report.html`"


def _baselines(baselines: Iterable[BaselineResult]) -> Iterator[str]:
    rows = [
        f"| {standing_of(b.verdict).symbol} {_plain(b.title)} | {_plain(quantity(b.value, b.unit))} "
        f"| {_plain(quantity(b.limit, b.unit))} | {b.samples} | {b.level.label} | {_plain(b.statement)} |"
        for b in baselines
    ]
    if rows:
        yield ""
        yield "### Baselines"
        yield ""
        yield "| Baseline | Measured | Limit | Samples | Level | |"
        yield "| --- | ---: | ---: | ---: | --- | --- |"
        yield from rows


def _sign_off(report: Report) -> Iterator[str]:
    ours = [line for line in report.requirements if not line.by_person]
    people = len(report.requirements) - len(ours)
    told = [
        f"- {line_standing(line).symbol} {_plain(line.stakeholder)}: {_plain(line.title)} "
        f"(level {line.level.label}, production needs {line.required_level.label}) {_plain(line.statement)}"
        for line in ours
    ]
    if people:
        told.append(f"- {people} more lines are for people to judge")
    for one in report.checklists:
        stands = [line_standing(line.result) for line in one.lines if not line.result.by_person]
        told.append(f"- {_plain(one.title)}: {stands.count(Standing.PROVEN)} of {len(stands)} lines proven")
    yield from _listed("Sign-off", told)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line, mentions nobody and starts no table cell."""
    return _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", text).strip())


def _code(text: str) -> str:
    """Text for a code span; a backtick would end it."""
    return _BREAKS.sub(" ", text).replace("`", "'").replace("|", "¦")
