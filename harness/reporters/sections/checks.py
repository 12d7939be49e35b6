"""The checks as the first screen tells them: what failed where, what is open and how to close it, what is proven."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model import Finding, Judgement, Level, Proof, Report, RequirementResult, Verdict
from harness.reporters.summary import Standing, failures, gaps, line_standing, reached, standing, way_out, way_to

EVERYTHING = "Run every suite: harness verify --sign-off"
NOT_RUN = ("not run:", "not measured in this run")
"""How the judges say that nothing but another suite is missing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed: what it asks for, and everything that goes against it. Without findings, the reason."""

    check: str
    title: str
    level: Level
    findings: tuple[Finding, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Something undecided, told once for all checks that it keeps from deciding."""

    reason: str
    checks: tuple[str, ...]
    needs: Level | None
    way_out: str
    beside_a_verdict: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """A check that passed on something it saw."""

    check: str
    title: str
    level: Level
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checklist, with where it stands."""

    result: RequirementResult
    standing: Standing


@dataclass(frozen=True, slots=True)
class Stakeholder:
    """One person's checklist."""

    name: str
    lines: tuple[Line, ...]


def failed(judgements: Iterable[Judgement]) -> tuple[Failure, ...]:
    """What failed, checks of a running stack first: they say what people would meet."""
    found = [
        Failure(j.check, j.title, j.level, failures(j), j.reason) for j in judgements if standing(j) is Standing.FAILED
    ]
    return tuple(sorted(found, key=lambda failure: -failure.level))


def undecided(judgements: Iterable[Judgement]) -> tuple[Open, ...]:
    """What is open, each reason once. What is open beside a verdict that stands comes last."""
    grouped: dict[tuple[str, Level | None, str, bool], list[str]] = {}
    for judgement in judgements:
        beside = standing(judgement) in (Standing.PROVEN, Standing.FAILED)
        for gap in gaps(judgement):
            key = (gap.reason, gap.needs, way_out(gap), beside)
            grouped.setdefault(key, []).append(judgement.check)
    found = [
        Open(reason, tuple(dict.fromkeys(checks)), needs, way, beside)
        for (reason, needs, way, beside), checks in grouped.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.beside_a_verdict, one.needs is not None)))


def promised(report: Report) -> tuple[Open, ...]:
    """What no check left open and is open all the same: lines of the sign-off, and baselines that nobody measured."""
    found = []
    low: dict[Level, list[str]] = {}
    for line in report.requirements:
        if not line.by_person and line.verdict is Verdict.PASS and not reached(line):
            low.setdefault(line.required_level, []).append(line.id)
    for needed, ids in low.items():
        reason = "sign-off: every check passed, at a lower level than production asks for"
        found.append(Open(reason, tuple(ids), needed, way_to(needed), False))
    waiting: dict[str, list[str]] = {}
    for line in report.requirements:
        if not line.by_person and line.verdict is Verdict.UNKNOWN:
            waiting.setdefault(f"sign-off: {line.statement}", []).append(line.id)
    for baseline in report.baselines:
        if baseline.verdict is Verdict.UNKNOWN:
            waiting.setdefault(f"baseline: {baseline.statement}", []).append(baseline.id)
    for reason, ids in waiting.items():
        not_run = any(words in reason for words in NOT_RUN)
        found.append(Open(reason, tuple(ids), None, EVERYTHING if not_run else "", False))
    return tuple(found)


def proven(judgements: Iterable[Judgement]) -> tuple[Proven, ...]:
    """What is proven by something that was seen: the baselines first, then by level, the strongest first."""
    seen = [j for j in judgements if standing(j) is Standing.PROVEN and j.proofs]
    ordered = sorted(seen, key=lambda j: (not j.baseline, -j.level))
    return tuple(Proven(j.check, j.title, j.level, j.proofs) for j in ordered)


def clean(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The checks that read files and found nothing to object to."""
    return tuple(j for j in judgements if standing(j) is Standing.PROVEN and not j.proofs)


def stakeholders(requirements: Iterable[RequirementResult]) -> tuple[Stakeholder, ...]:
    """The checklists in the order in which they are given."""
    grouped: dict[str, list[Line]] = {}
    for result in requirements:
        grouped.setdefault(result.stakeholder, []).append(Line(result, line_standing(result)))
    return tuple(Stakeholder(name, tuple(lines)) for name, lines in grouped.items())
