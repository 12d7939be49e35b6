"""junit.xml: one test case per check, for the test tabs of continuous integration.

Every case holds at most one result element, because the stricter readers of the format accept no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from harness.model import Finding, Gap, Judgement, Report, Severity
from harness.reporters.summary import Standing, failures, gaps, headline, sign_off_word, standing, tally, way_out

NAME = "junit.xml"

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write(report: Report, folder: Path) -> Path:
    """Write `junit.xml` and return its path."""
    root = Element("testsuites", name="harness verify")
    for number, (name, judgements) in enumerate(_by_suite(report.judgements).items()):
        root.append(_suite(report, number, name, judgements))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    root.set("time", f"{report.seconds:.3f}")
    indent(root)
    path = folder / NAME
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _by_suite(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """The checks by the first part of their id."""
    suites: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        suites.setdefault(judgement.check.split("/")[0], []).append(judgement)
    return suites


def _suite(report: Report, number: int, name: str, judgements: Sequence[Judgement]) -> Element:
    stands = [standing(judgement) for judgement in judgements]
    suite = Element(
        "testsuite",
        id=str(number),
        package="harness",
        name=_text(name),
        # The format's date has no zone; this is UTC.
        timestamp=datetime.fromtimestamp(report.started, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(judgements)),
        failures=str(stands.count(Standing.FAILED)),
        errors=str(stands.count(Standing.UNKNOWN)),
        skipped=str(stands.count(Standing.BEYOND_REACH)),
        time=f"{_seconds(report, name):.3f}",
    )
    properties = SubElement(suite, "properties")
    for key, value in _properties(report).items():
        SubElement(properties, "property", name=key, value=_text(value))
    suite.extend(_case(judgement) for judgement in judgements)
    return suite


def _properties(report: Report) -> dict[str, str]:
    return {
        "run": report.run,
        "config.path": report.config_path,
        "config.sha256": report.config_sha256,
        "launcher": report.launcher,
        "verdict": report.verdict.label,
        "sign_off": sign_off_word(report.sign_off),
        "headline": f"{headline(report)}: {tally(report)}",
    }


def _seconds(report: Report, suite: str) -> float:
    """What the phase of the suite's name took; the time of a single check is not measured."""
    return sum(phase.seconds for phase in report.phases if phase.name == suite)


def _case(judgement: Judgement) -> Element:
    case = Element("testcase", classname=_text(_class(judgement.check)), name=_text(judgement.check), time="0")
    if failing := failures(judgement):
        first = failing[0]
        case.set("file", _text(first.position.file))
        case.set("line", str(first.position.line))
    stands = standing(judgement)
    if stands is Standing.FAILED:
        _failure(case, judgement, failing)
    elif stands is Standing.BEYOND_REACH:
        SubElement(case, "skipped", message=_text(_beyond(judgement.gaps)))
    elif stands is Standing.UNKNOWN:
        left = gaps(judgement)
        error = SubElement(case, "error", type="unknown", message=_text(f"not proven: {left[0].reason}"))
        error.text = _text("\n".join(_told(gap) for gap in left))
    if told := _remarks(judgement, failing):
        SubElement(case, "system-out").text = _text("\n".join(told))
    return case


def _class(check: str) -> str:
    """Dots, because readers take the class name for a package path."""
    return f"harness.{check.rpartition('/')[0].replace('/', '.') or check}"


def _failure(case: Element, judgement: Judgement, failing: Sequence[Finding]) -> None:
    where = f"{failing[0].position}: {failing[0].message}" if failing else judgement.reason
    more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
    kind = failing[0].severity.label if failing else Severity.BUG.label
    failure = SubElement(case, "failure", type=kind, message=_text(where + more))
    failure.text = _text("\n".join(_line(finding) for finding in failing) or judgement.reason)


def _line(finding: Finding) -> str:
    also = "".join(f"\n  see also {position}" for position in finding.also)
    return f"{finding.position}: {finding.severity.label}: {finding.message}{also}"


def _beyond(found: Sequence[Gap]) -> str:
    return "; ".join(f"needs level {gap.needs.label}: {gap.reason}" for gap in found if gap.needs is not None)


def _told(gap: Gap) -> str:
    needs = f" (needs level {gap.needs.label})" if gap.needs is not None else ""
    way = way_out(gap)
    return f"{gap.reason}{needs}" + (f"\n  {way}" if way else "")


def _remarks(judgement: Judgement, failing: Sequence[Finding]) -> list[str]:
    """What the result element does not say: the level, what was seen, lesser findings, and gaps beside a pass."""
    told = [f"level {judgement.level.label}"] if judgement.proofs else []
    told += [f"{proof.statement} ({proof.samples} samples)" for proof in judgement.proofs]
    told += [_line(finding) for finding in judgement.findings if finding not in failing]
    if standing(judgement) in (Standing.PROVEN, Standing.FAILED):
        told += [f"not decided: {_told(gap)}" for gap in judgement.gaps]
    return told


def _text(value: str) -> str:
    """Text that XML can hold: what it cannot becomes the replacement character."""
    return _ILLEGAL.sub("\ufffd", value)
