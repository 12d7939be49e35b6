"""From outcomes to verdicts: what one check concluded, each baseline, each line of the sign-off, and the whole.

Pure: the same history and documents give the same verdict, so a finished run can be judged again without a stack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from harness.contracts import Check, Context
from harness.model import (
    Asked,
    BaselineResult,
    Checklist,
    ChecklistLine,
    Evidence,
    Finding,
    Gap,
    History,
    Judgement,
    Level,
    Proof,
    RequirementResult,
    Severity,
    Verdict,
    itself,
    worst,
)


def judge(check: Check, subject: Any, context: Context) -> Judgement:
    """Show a check its subject. A check that crashes, or saw nothing, is UNKNOWN: never a pass, never a silent skip."""
    asked = Asked.about(subject) if isinstance(subject, History) else None
    try:
        outcomes = list(check.examine(subject if asked is None else asked, context))
    except Exception as error:  # a crashed check must not take the run, nor its verdict, with it
        reason = f"the check itself failed: {type(error).__name__}: {error}"
        return Judgement(check.id, Verdict.UNKNOWN, Level.STATIC, check.title, check.baseline, reason=reason)
    findings = tuple(o for o in outcomes if isinstance(o, Finding))
    gaps = tuple(o for o in outcomes if isinstance(o, Gap))
    proofs = tuple(o for o in outcomes if isinstance(o, Proof))
    verdict, reason = _conclude(findings, gaps, proofs)
    level, records = _level(proofs, context.levels), asked.given if asked else ()
    return Judgement(check.id, verdict, level, check.title, check.baseline, findings, gaps, proofs, reason, records)


def _conclude(findings: Sequence[Finding], gaps: Sequence[Gap], proofs: Sequence[Proof]) -> tuple[Verdict, str]:
    failures = [finding for finding in findings if finding.severity >= Severity.BUG]
    if failures:
        return Verdict.FAIL, failures[0].message
    if gaps:  # what is proven beside a gap does not close it: half a proof is no pass
        return Verdict.UNKNOWN, next((gap for gap in gaps if gap.needs is None), gaps[0]).reason
    if not proofs:
        return Verdict.UNKNOWN, "nothing was seen that could prove it"
    return Verdict.PASS, proofs[0].statement


def _level(proofs: Iterable[Proof], levels: Mapping[str, Level]) -> Level:
    seen = [levels.get(service, Level.STATIC) for proof in proofs for service in proof.services]
    return min(seen, default=Level.STATIC)


def _product(levels: Mapping[str, Level], service: str) -> Level:
    """The level that a line of the sign-off may claim of a service: the product's own, where it took part itself."""
    return levels.get(itself(service), levels.get(service, Level.STATIC))


def beyond_reach(judgement: Judgement) -> bool:
    """Whether the only thing between this judgement and a pass is a level of proof this machine does not have."""
    return (
        judgement.verdict is Verdict.UNKNOWN
        and bool(judgement.gaps)
        and all(gap.needs is not None for gap in judgement.gaps)
    )


def overall(judgements: Sequence[Judgement]) -> Verdict:
    """The verdict of a plain `verify`: everything that this machine can prove, judged; nothing judged is UNKNOWN."""
    return worst(judgement.verdict for judgement in judgements if not beyond_reach(judgement))


def of_whole_run(judged: Verdict, lines: Iterable[RequirementResult], left_out: Collection[str] = ()) -> Verdict:
    """The verdict of a run of every suite: a line of the sign-off whose check nobody ran keeps it from being green.

    What a suite carries that was left out on purpose is said beside the verdict; it keeps the line unknown, and with it
    the sign-off.
    """
    unasked = [check for line in lines for check in line.not_run if check.partition("/")[0] not in left_out]
    return max(judged, Verdict.UNKNOWN) if unasked else judged


def baselines(
    fixture: Mapping[str, Any], judgements: Sequence[Judgement], suites_run: Iterable[str]
) -> tuple[BaselineResult, ...]:
    """Each documented baseline with what was measured; one that no check measured is UNKNOWN and says so."""
    return tuple(_baseline(entry, judgements, tuple(suites_run)) for entry in fixture["baselines"])


def _baseline(entry: Mapping[str, Any], judgements: Sequence[Judgement], suites_run: tuple[str, ...]) -> BaselineResult:
    carrying = [j for j in judgements if j.baseline == entry["id"]]
    proofs = [proof for j in carrying for proof in j.proofs]
    figure = next((proof for proof in proofs if proof.value is not None), proofs[0] if proofs else None)
    verdict = worst(j.verdict for j in carrying)
    return BaselineResult(
        id=entry["id"],
        title=entry["title"],
        source=entry["source"],
        verdict=verdict,
        level=min((j.level for j in carrying), default=Level.STATIC),
        statement=_statement(entry, verdict, carrying, proofs, suites_run),
        value=figure.value if figure else None,
        limit=entry.get("limit"),
        unit=entry.get("unit", ""),
        at_least=bool(entry.get("at_least")),
        samples=figure.samples if figure else 0,
        evidence=tuple(e for proof in proofs for e in proof.evidence),
        checks=tuple(j.check for j in carrying),
        values=figure.values if figure else (),
    )


def _statement(
    entry: Mapping[str, Any],
    verdict: Verdict,
    carrying: Sequence[Judgement],
    proofs: Sequence[Proof],
    suites_run: tuple[str, ...],
) -> str:
    """What was measured; of a baseline that does not pass, why not first."""
    proven = "; ".join(proof.statement for proof in proofs)
    if not carrying:
        return str(
            entry.get("not_measured_yet") or f"not measured in this run (suites: {', '.join(suites_run) or 'none'})"
        )
    if verdict is Verdict.PASS:
        return proven
    why = next(j.reason for j in carrying if j.verdict is verdict)
    return f"{why}; proven: {proven}" if proven and verdict is Verdict.UNKNOWN else why


def requirements(
    fixture: Mapping[str, Any], judgements: Sequence[Judgement], levels: Mapping[str, Level]
) -> tuple[RequirementResult, ...]:
    """Each line of the stakeholders' checklists; lines for a person carry no verdict of ours."""
    return tuple(_requirement(entry, judgements, levels) for entry in fixture["requirements"])


def checklists(
    fixtures: Mapping[str, Any], judgements: Sequence[Judgement], levels: Mapping[str, Level]
) -> tuple[Checklist, ...]:
    """Every fixture that is a list of demands (it has the key `checklist`), judged line by line, by name."""
    found = ((name, data) for name, data in sorted(fixtures.items()) if isinstance(data, Mapping))
    return tuple(
        Checklist(
            id=name,
            title=str(data["checklist"]),
            about=str(data.get("about", "")),
            lines=tuple(
                ChecklistLine(
                    _requirement({**entry, "stakeholder": entry.get("group", "")}, judgements, levels),
                    str(entry.get("citation", "")),
                    str(entry.get("limits", "")),
                )
                for entry in data["lines"]
            ),
        )
        for name, data in found
        if "checklist" in data
    )


def _requirement(
    entry: Mapping[str, Any], judgements: Sequence[Judgement], levels: Mapping[str, Level]
) -> RequirementResult:
    by_person = bool(entry.get("by_person"))
    required = Level.of(entry["level"]) if "level" in entry else Level.STATIC
    wanted = entry.get("checks", [])
    carrying = [j for j in judgements if any(fnmatchcase(j.check, pattern) for pattern in wanted)]
    unmatched = [p for p in wanted if not any(fnmatchcase(j.check, p) for j in carrying)]
    verdict = Verdict.UNKNOWN if by_person else worst(j.verdict for j in carrying)
    not_judged = "" if by_person else str(entry.get("not_judged", ""))
    if not by_person and (unmatched or not_judged):
        verdict = max(verdict, Verdict.UNKNOWN)
    reached = [_product(levels, service) for service in entry.get("services", [])]
    return RequirementResult(
        id=entry["id"],
        stakeholder=entry["stakeholder"],
        title=entry["title"],
        by_person=by_person,
        verdict=verdict,
        level=min(reached, default=Level.STATIC),
        required_level=required,
        statement=_why(by_person, verdict, carrying, unmatched, not_judged),
        evidence=tuple(Evidence("check", j.check, j.reason) for j in carrying),
        checks=tuple(j.check for j in carrying),
        not_run=() if by_person else tuple(unmatched),
    )


def _why(
    by_person: bool, verdict: Verdict, carrying: Sequence[Judgement], unmatched: Sequence[str], not_judged: str
) -> str:
    if by_person:
        return "for a person to judge"
    if unmatched:
        return f"not run: {', '.join(unmatched)}"
    culprit = next((j for j in carrying if j.verdict is verdict), None)
    if culprit and verdict is not Verdict.PASS:
        return culprit.reason + ("".join(f" (needs {gap.needs.label})" for gap in culprit.gaps[:1] if gap.needs))
    return not_judged or f"{len(carrying)} check{'s' * (len(carrying) != 1)} passed"


def sign_off(
    results: Sequence[RequirementResult], measured: Sequence[BaselineResult] = ()
) -> tuple[Verdict, tuple[str, ...]]:
    """Whether production may be signed for, and what is missing: lines that are ours to fill, and every baseline."""
    missing: list[str] = []
    verdict = Verdict.PASS
    for line in results:
        if line.by_person:
            continue
        if line.verdict is not Verdict.PASS:
            missing.append(f"{line.id}: {line.verdict.label}: {line.statement}")
            verdict = max(verdict, line.verdict)
        elif line.level < line.required_level:
            missing.append(
                f"{line.id}: proven at level {line.level.label} only, production needs {line.required_level.label}"
            )
            verdict = max(verdict, Verdict.UNKNOWN)
    for baseline in measured:
        if baseline.verdict is not Verdict.PASS:
            missing.append(f"baseline {baseline.id}: {baseline.verdict.label}: {baseline.statement}")
            verdict = max(verdict, baseline.verdict)
    ours = any(not line.by_person for line in results)
    return verdict if ours else Verdict.UNKNOWN, tuple(missing)
