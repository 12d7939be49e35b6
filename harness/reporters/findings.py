"""Findings as a person, a program, a code scanner or a pull request wants them: text, JSON, SARIF, GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.model import Finding, Severity

TextOf = Callable[[str], str | None]

_LEVELS = {Severity.INFO: "note", Severity.WARNING: "warning", Severity.BUG: "error", Severity.FATAL: "error"}
_GITHUB = {Severity.INFO: "notice", Severity.WARNING: "warning", Severity.BUG: "error", Severity.FATAL: "error"}
_WIDEST = 160
_SHOWN = 3


def text(findings: Iterable[Finding], text_of: TextOf) -> str:
    """One finding after the other, each with its line and a caret below the place."""
    return "\n".join(_one(finding, text_of) for finding in findings)


def _one(finding: Finding, text_of: TextOf) -> str:
    head = f"{finding.position}  {finding.severity.label}  {finding.check}"
    body = _excerpt(finding, text_of) or [f"   {finding.message}"]
    also = [f"   see also {position}" for position in finding.also[:_SHOWN]]
    if len(finding.also) > _SHOWN:
        also.append(f"   and {len(finding.also) - _SHOWN} more places")
    return "\n".join([head, *body, *also]) + "\n"


def _excerpt(finding: Finding, text_of: TextOf) -> list[str]:
    content = text_of(finding.position.file)
    lines = content.split("\n") if content is not None else []
    if not 1 <= finding.position.line <= len(lines):
        return []
    line = lines[finding.position.line - 1].rstrip("\r").replace("\t", " ")
    column = min(finding.position.column, len(line) + 1)
    cut = max(0, column - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = ("…" if cut else "") + line[cut : cut + _WIDEST] + ("…" if len(line) > cut + _WIDEST else "")
    carets = "^" * max(1, min(finding.position.length, len(line) - column + 1, _WIDEST // 2))
    number = str(finding.position.line)
    blank = " " * (column - 1 - cut + (1 if cut else 0))
    return [f"   {number} | {shown}", f"   {' ' * len(number)} | {blank}{carets} {finding.message}"]


def as_json(findings: Iterable[Finding]) -> str:
    """A list of `{check, severity, file, line, column, message}`."""
    return json.dumps([record(finding) for finding in findings], ensure_ascii=False, indent=2)


def record(finding: Finding) -> dict[str, Any]:
    """One finding as the JSON output has it."""
    return {
        "check": finding.check,
        "severity": finding.severity.label,
        "file": finding.position.file,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
    }


def github(findings: Iterable[Finding], prefix: str = "") -> str:
    """Workflow commands that GitHub shows at the lines of a pull request."""
    return "\n".join(
        f"::{_GITHUB[f.severity]} file={_property(prefix + f.position.file)},line={f.position.line},"
        f"col={f.position.column},title={_property(f.check)}::{_escaped(f.message)}"
        for f in findings
    )


def _escaped(message: str) -> str:
    return message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _escaped(value).replace(":", "%3A").replace(",", "%2C")


def sarif(
    findings: Sequence[Finding],
    titles: Mapping[str, str],
    prefix: str = "",
    accepted: Sequence[tuple[Finding, str]] = (),
) -> str:
    """A SARIF 2.1.0 log. `accepted` are the findings that are waived, each with the reason: suppressed results."""
    rules = sorted({finding.check for finding in (*findings, *(finding for finding, _ in accepted))})
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "harness lint",
                        "rules": [
                            {"id": rule, "shortDescription": {"text": titles.get(rule) or rule}} for rule in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules.index(finding.check), prefix) for finding in findings]
                + [
                    _result(finding, rules.index(finding.check), prefix)
                    | {"suppressions": [{"kind": "external", "status": "accepted", "justification": reason}]}
                    for finding, reason in accepted
                ],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _result(finding: Finding, rule: int, prefix: str) -> dict[str, Any]:
    region: dict[str, int] = {"startLine": finding.position.line, "startColumn": finding.position.column}
    if finding.position.length:
        region["endColumn"] = finding.position.column + finding.position.length
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": prefix + finding.position.file},
                    "region": region,
                }
            }
        ],
    }
