"""What the first screen says beside the answer: what to fix first, and how much is proven at which level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.model import Judgement, Level, Report
from harness.reporters.sections import checks
from harness.reporters.summary import Standing, standing, way_to


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what is wrong or missing, what it takes, and how much it would settle."""

    what: str
    how: str
    where: str
    standing: Standing
    anchor: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many checks are proven at one level, in percent of the largest."""

    level: Level
    count: int
    percent: float


def steps(report: Report) -> tuple[Step, ...]:
    """What to fix first: failures, worst first; then what this machine could decide; then what takes another level."""
    failed = [
        Step(
            _sentence(one.findings[0].message if one.findings else one.reason),
            f"{len(one.findings)} findings of {one.check}" if len(one.findings) > 1 else one.check,
            str(one.findings[0].position) if one.findings else "",
            Standing.FAILED,
            "what-failed",
        )
        for one in checks.failed(report.judgements)
    ]
    open_now = [one for one in checks.undecided(report.judgements) if not one.beside_a_verdict]
    promised = checks.promised(report)
    here = [one for one in (*open_now, *(p for p in promised if not _repeats(p, open_now))) if one.needs is None]
    unasked = [one for one in here if one.way_out == checks.EVERYTHING]
    if len(unasked) > 1:
        names = tuple(name for one in unasked for name in one.checks)
        told = checks.Open(f"{len(names)} lines and baselines rest on suites that did not run", names, None, "", False)
        here = [*(one for one in here if one not in unasked), replace(told, way_out=checks.EVERYTHING)]
    decidable = [
        Step(_sentence(one.reason), one.way_out, ", ".join(one.checks[:3]), Standing.UNKNOWN, "not-proven")
        for one in here
    ]
    return (*failed, *decidable, *_levels(report, (*open_now, *promised)))


def shares(judgements: Iterable[Judgement]) -> tuple[Share, ...]:
    """How many checks passed at each level, the strongest first; levels at which none did are told too."""
    passed = [judgement.level for judgement in judgements if standing(judgement) is Standing.PROVEN]
    most = max((passed.count(level) for level in Level), default=0)
    return tuple(
        Share(level, passed.count(level), round(100.0 * passed.count(level) / most, 1) if most else 0.0)
        for level in sorted(Level, reverse=True)
    )


def _levels(report: Report, found: Iterable[checks.Open]) -> list[Step]:
    """One step for each level that is missing, however many things wait for it."""
    waiting: dict[Level, list[str]] = {}
    ways: dict[Level, dict[str, None]] = {}
    for one in found:
        if one.needs is not None:
            waiting.setdefault(one.needs, []).extend(one.checks)
            ways.setdefault(one.needs, {})[one.way_out or way_to(one.needs)] = None
    lines = {line.id for line in report.requirements}
    steps = []
    for level, names in sorted(waiting.items(), reverse=True):
        distinct = dict.fromkeys(names)
        signed = sum(name in lines for name in distinct)
        counted = {"check": len(distinct) - signed, "line of the sign-off": signed}
        told = " and ".join(_plural(count, word) for word, count in counted.items() if count)
        what = f"Prove at level {level.label} what only it can show: {told}"
        how, where = "; ".join(ways[level]), ", ".join(list(distinct)[:3])
        steps.append(Step(what, how, where, Standing.BEYOND_REACH, "not-proven"))
    return steps


def _plural(count: int, word: str) -> str:
    first, _, rest = word.partition(" ")
    return f"{count} {first}{'s' * (count != 1)} {rest}".rstrip()


def _repeats(one: checks.Open, gaps: Iterable[checks.Open]) -> bool:
    """Whether a line or baseline is open only because of a gap that is told anyway."""
    return any(gap.reason in one.reason for gap in gaps)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
