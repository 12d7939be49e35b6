"""What every format says first, so that all say the same: may we go live, how many checks, and what to do next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.judging import beyond_reach
from harness.model import Finding, Gap, Judgement, Level, Report, RequirementResult, Severity, Verdict


class Standing(StrEnum):
    """Where a check stands, as people read it; BEYOND_REACH needs a level of proof that this machine does not have."""

    FAILED = "failed"
    UNKNOWN = "not proven"
    BEYOND_REACH = "beyond reach"
    PROVEN = "proven"

    @property
    def symbol(self) -> str:
        """The sign that goes with the word, for those who do not see the colour."""
        return SYMBOLS[self]


SYMBOLS = {Standing.FAILED: "✗", Standing.UNKNOWN: "?", Standing.BEYOND_REACH: "?", Standing.PROVEN: "✓"}

_OF_VERDICT = {Verdict.FAIL: Standing.FAILED, Verdict.UNKNOWN: Standing.UNKNOWN, Verdict.PASS: Standing.PROVEN}

_SIGN_OFF = {Verdict.PASS: "proven", Verdict.UNKNOWN: "not proven", Verdict.FAIL: "failed"}

_WAYS = {
    Level.CONTAINER: "It takes the official images in containers.",
    Level.NATIVE: "Run it where the real server can be had: harness setup, then harness verify",
    Level.ENGINE: "Run it where the product's own code can be built: harness setup, then harness verify",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many checks stand where. No check is counted twice."""

    passed: int
    unknown: int
    failed: int
    beyond_reach: int


def standing(judgement: Judgement) -> Standing:
    """Where one check stands."""
    return Standing.BEYOND_REACH if beyond_reach(judgement) else standing_of(judgement.verdict)


def standing_of(verdict: Verdict) -> Standing:
    """The same word for a verdict of anything else: a baseline, a line of the sign-off, the whole."""
    return _OF_VERDICT[verdict]


def counts(judgements: Iterable[Judgement]) -> Counts:
    """Count the checks by where they stand."""
    stands = [standing(judgement) for judgement in judgements]
    return Counts(
        passed=stands.count(Standing.PROVEN),
        unknown=stands.count(Standing.UNKNOWN),
        failed=stands.count(Standing.FAILED),
        beyond_reach=stands.count(Standing.BEYOND_REACH),
    )


def ready(report: Report) -> bool:
    """Whether everything the harness can judge is proven, at the level that production asks for."""
    return report.verdict is Verdict.PASS and report.sign_off is Verdict.PASS


def word(report: Report) -> str:
    """The answer in a word: Yes, No, or Not proven."""
    if ready(report):
        return "Yes"
    return "No" if Verdict.FAIL in (report.verdict, report.sign_off) else "Not proven"


def headline(report: Report) -> str:
    """The answer to the only question most people have."""
    return "READY FOR SIGN-OFF" if ready(report) else "NOT READY FOR SIGN-OFF"


def answer(report: Report) -> str:
    """The same in a sentence, with the reason."""
    if ready(report):
        return "Yes, as far as a machine can tell. The people named below decide."
    if Verdict.FAIL in (report.verdict, report.sign_off):
        return "No: something that was tested does not hold."
    if report.verdict is Verdict.UNKNOWN:
        return "Not yet: nothing failed, but not everything that was to be proven was."
    short = _short(report)
    lacking = f"{short} at the level that production asks for" if short else "the sign-off lacks a checklist to go by"
    return f"Not yet: every check that could be decided in this run passed, but {lacking}."


def tally(report: Report) -> str:
    """The counts in words: `1 failed, 2 not proven, 37 proven; 3 of 8 lines of the sign-off are not proven`."""
    found = counts(report.judgements)
    parts = {"failed": found.failed, "not proven": found.unknown, "beyond this machine's reach": found.beyond_reach}
    told = [f"{count} {word}" for word, count in parts.items() if count]
    short = _short(report)
    return ", ".join([*told, f"{found.passed} proven"]) + (f"; {short}" if short else "")


def _short(report: Report) -> str:
    """How many of the lines that are ours to fill lack a proof at the level that production asks for."""
    ours = [line for line in report.requirements if not line.by_person]
    short = sum(not reached(line) for line in ours)
    return f"{short} of {len(ours)} lines of the sign-off are not proven" if short else ""


def sign_off_word(verdict: Verdict) -> str:
    """The word of the sign-off: proven, not proven, failed."""
    return _SIGN_OFF[verdict]


def failures(judgement: Judgement) -> tuple[Finding, ...]:
    """The findings that make a check fail, worst first."""
    bad = [finding for finding in judgement.findings if finding.severity >= Severity.BUG]
    return tuple(sorted(bad, key=lambda finding: -finding.severity))


def gaps(judgement: Judgement) -> tuple[Gap, ...]:
    """What a check could not decide; its reason stands in when it crashed and left no gap."""
    if judgement.gaps or judgement.verdict is not Verdict.UNKNOWN:
        return judgement.gaps
    return (Gap(judgement.reason or "nothing was seen that could prove it"),)


def way_out(gap: Gap) -> str:
    """How the undecided can be proven."""
    return gap.hint or (way_to(gap.needs) if gap.needs is not None else "")


def way_to(level: Level) -> str:
    """How a run reaches a level of proof."""
    return _WAYS.get(level, "")


def reached(line: RequirementResult) -> bool:
    """Whether a line of the sign-off is proven at the level that production asks for."""
    return line.verdict is Verdict.PASS and line.level >= line.required_level


def line_standing(line: RequirementResult) -> Standing:
    """Where a line of the sign-off stands; proven at too low a level is not proven."""
    if line.verdict is Verdict.PASS and not reached(line):
        return Standing.UNKNOWN
    return standing_of(line.verdict)


def finite(value: float | None) -> float | None:
    """A figure that can be written down; NaN and infinity are no figures."""
    return value if value is not None and math.isfinite(value) else None


def number(value: float | None) -> str:
    """A figure with as many digits as a person needs: three significant ones, no exponent; `–` when there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == round(value):
        return f"{value:.0f}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(decimals, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float | None, unit: str) -> str:
    """A figure with its unit."""
    return f"{number(value)} {unit}".rstrip() if finite(value) is not None else "–"
