"""verdict.json: the whole report as one document that other programs may rely on, checked against its own schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from harness.errors import HarnessError, UnreadableError
from harness.model import (
    BaselineResult,
    Checklist,
    Component,
    Evidence,
    Finding,
    Gap,
    Judgement,
    OverlayChange,
    Phase,
    Position,
    Proof,
    Report,
    RequirementResult,
)
from harness.reporters.summary import counts, finite, sign_off_word

NAME = "verdict.json"
SCHEMA = "1"
"""Goes up when a reader of the former version could misunderstand a file; new keys alone do not raise it."""


def write(report: Report, folder: Path) -> Path:
    """Write `verdict.json` and return its path. Raises HarnessError when it would violate the schema."""
    document = as_document(report)
    violation = _violation(document)
    if violation:
        where, message = violation
        raise HarnessError(
            f"{NAME} was not written: {where} {message}",
            hint="It is not what verdict.schema.json promises: a fault of the harness, not of the configuration.",
        )
    path = folder / NAME
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # Half a surrogate pair is no UTF-8; what `backslashreplace` makes of it is JSON's own way to say it.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def read(path: Path) -> dict[str, Any]:
    """The document a run wrote. Raises UnreadableError when it is no JSON or not what the schema promises."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot read the verdict: {error}", at=Position(str(path))) from error
    violation = _violation(document)
    if violation:
        where, message = violation
        raise UnreadableError(f"not a verdict of schema {SCHEMA}: {where} {message}", at=Position(str(path)))
    read_document: dict[str, Any] = document
    return read_document


def as_document(report: Report) -> dict[str, Any]:
    """The report as plain data, in the order of the documented interface."""
    return {
        "schema": SCHEMA,
        "run": report.run,
        "started": datetime.fromtimestamp(report.started, UTC).isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "config": {"path": report.config_path, "sha256": report.config_sha256},
        "launcher": report.launcher,
        "suites": list(report.suites),
        "left_out": list(report.left_out),
        "verdict": report.verdict.label,
        "sign_off": {"verdict": sign_off_word(report.sign_off), "missing": list(report.sign_off_missing)},
        "counts": asdict(counts(report.judgements)),
        "components": [_component(component) for component in report.components],
        "baselines": [_baseline(baseline) for baseline in report.baselines],
        "requirements": [_requirement(line) for line in report.requirements],
        "checklists": [_checklist(one) for one in report.checklists],
        "findings": [_finding(finding) for finding in report.findings],
        "checks": [_check(judgement) for judgement in report.judgements],
        "phases": [_phase(phase) for phase in report.phases],
        "overlay": [_change(change) for change in report.overlay],
        "environment": dict(report.environment),
    }


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of `verdict.json`."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("verdict.schema.json").read_text(encoding="utf-8"))
    return found


def _violation(document: Any) -> tuple[str, str] | None:
    """The first place where a document is not what the schema promises."""
    validator = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    error = next(iter(sorted(validator.iter_errors(document), key=lambda e: e.json_path)), None)
    return (error.json_path, error.message[:300]) if error else None


def _component(component: Component) -> dict[str, Any]:
    return {
        "service": component.service,
        "level": component.level.label,
        "version": component.version,
        "note": component.note,
    }


def _baseline(baseline: BaselineResult) -> dict[str, Any]:
    return {
        "id": baseline.id,
        "title": baseline.title,
        "verdict": baseline.verdict.label,
        "level": baseline.level.label,
        "value": finite(baseline.value),
        "limit": finite(baseline.limit),
        "unit": baseline.unit,
        "samples": baseline.samples,
        "statement": baseline.statement,
        "source": baseline.source,
        "checks": list(baseline.checks),
        "evidence": _evidence(baseline.evidence),
    }


def _requirement(line: RequirementResult) -> dict[str, Any]:
    return {
        "id": line.id,
        "stakeholder": line.stakeholder,
        "title": line.title,
        "by_person": line.by_person,
        "verdict": line.verdict.label,
        "level": line.level.label,
        "required_level": line.required_level.label,
        "statement": line.statement,
        "checks": list(line.checks),
        "evidence": _evidence(line.evidence),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity.label,
        "file": finding.position.file,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
        "also": [{"file": p.file, "line": p.line, "column": p.column} for p in finding.also],
    }


def _checklist(checklist: Checklist) -> dict[str, Any]:
    return {
        "id": checklist.id,
        "title": checklist.title,
        "lines": [
            {
                "id": line.result.id,
                "group": line.result.stakeholder,
                "title": line.result.title,
                "citation": line.citation,
                "by_person": line.result.by_person,
                "verdict": line.result.verdict.label,
                "level": line.result.level.label,
                "required_level": line.result.required_level.label,
                "statement": line.result.statement,
                "limits": line.limits,
                "checks": list(line.result.checks),
            }
            for line in checklist.lines
        ],
    }


def _check(judgement: Judgement) -> dict[str, Any]:
    return {
        "id": judgement.check,
        "title": judgement.title,
        "verdict": judgement.verdict.label,
        "level": judgement.level.label,
        "baseline": judgement.baseline,
        "reason": judgement.reason,
        "findings": len(judgement.findings),
        "gaps": [_gap(gap) for gap in judgement.gaps],
        "proofs": [_proof(proof) for proof in judgement.proofs],
        "records": [{"kind": seen.kind, "lines": str(seen)} for seen in judgement.records],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"reason": gap.reason, "needs": gap.needs.label if gap.needs is not None else None, "hint": gap.hint}


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "statement": proof.statement,
        "samples": proof.samples,
        "services": list(proof.services),
        "value": finite(proof.value),
        "limit": finite(proof.limit),
        "unit": proof.unit,
        "evidence": _evidence(proof.evidence),
    }


def _evidence(evidence: Iterable[Evidence]) -> list[dict[str, str]]:
    return [{"kind": e.kind, "reference": e.reference, "text": e.text} for e in evidence]


def _phase(phase: Phase) -> dict[str, Any]:
    verdict = phase.verdict.label if phase.verdict is not None else None
    return {"name": phase.name, "detail": phase.detail, "seconds": round(phase.seconds, 3), "verdict": verdict}


def _change(change: OverlayChange) -> dict[str, str]:
    return {"file": change.file, "why": change.why, "diff": change.diff}
