"""The checks as the first screen tells them: what failed where, what is open and how to close it, what is proven."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model import Finding, Judgement, Level, Proof, RequirementResult
from harness.reporters.summary import Standing, failures, gaps, line_standing, standing, way_out


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


def proven(judgements: Iterable[Judgement]) -> tuple[Proven, ...]:
    """What is proven by something that was seen, strongest level first."""
    found = [
        Proven(j.check, j.title, j.level, j.proofs) for j in judgements if standing(j) is Standing.PROVEN and j.proofs
    ]
    return tuple(sorted(found, key=lambda one: -one.level))


def clean(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The checks that read files and found nothing to object to."""
    return tuple(j for j in judgements if standing(j) is Standing.PROVEN and not j.proofs)


def stakeholders(requirements: Iterable[RequirementResult]) -> tuple[Stakeholder, ...]:
    """The checklists in the order in which they are given."""
    grouped: dict[str, list[Line]] = {}
    for result in requirements:
        grouped.setdefault(result.stakeholder, []).append(Line(result, line_standing(result)))
    return tuple(Stakeholder(name, tuple(lines)) for name, lines in grouped.items())
