"""Findings that were accepted: with the reason, and a day on which somebody looks again.

A waiver that is past its day, or that no finding needs, is a finding itself, so that the list does not outlive its use.
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents.positions import View
from harness.documents.tree import load_yaml
from harness.errors import UnreadableError
from harness.model import Finding, Judgement, Level, Position, Severity, Verdict

CHECK = "waivers/current"
_FILE = "fixtures/waivers.yml"
_TITLE = "Every waiver is complete, needed, and not past its day."


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding: of which check, in which files (a glob), with which words in it, why, until when."""

    check: str
    file: str
    text: str
    reason: str
    expires: datetime.date
    position: Position

    def covers(self, finding: Finding) -> bool:
        """Whether this is the finding that was accepted."""
        here = fnmatch.fnmatch(finding.position.file, self.file)
        return here and finding.check == self.check and self.text in finding.message


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that is not counted, and the waiver that says why."""

    finding: Finding
    waiver: Waiver

    def __str__(self) -> str:
        at, until = self.finding.position, self.waiver.expires.isoformat()
        return f"{at}  waived until {until}  {self.finding.check}: {self.finding.message} ({self.waiver.reason})"


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of a project; `broken` are entries of which nothing can be made."""

    entries: tuple[Waiver, ...] = ()
    broken: tuple[tuple[Position, str], ...] = ()

    def applied(
        self, judgements: Iterable[Judgement], today: datetime.date, *, complete: bool
    ) -> tuple[list[Judgement], list[Waived]]:
        """The judgements without what is waived, then what was; with a judgement of the waivers themselves, if any.

        `complete` tells that every check has been run, so that a waiver nobody needed is known to be useless.
        """
        valid = [waiver for waiver in self.entries if waiver.expires >= today]
        let_go: list[Waived] = []
        kept = [_without(judgement, valid, let_go) for judgement in judgements]
        if complete and (self.entries or self.broken):
            used = {id(one.waiver) for one in let_go}
            kept.append(self._judged(today, used))
        return kept, let_go

    def _judged(self, today: datetime.date, used: set[int]) -> Judgement:
        found = [Finding(CHECK, Severity.BUG, position, message) for position, message in self.broken]
        for waiver in self.entries:
            if waiver.expires < today:
                message = f"the waiver of {waiver.check} ended on {waiver.expires.isoformat()}: fix it, or decide anew"
                found.append(Finding(CHECK, Severity.BUG, waiver.position, message))
            elif id(waiver) not in used:
                message = f"nothing needs the waiver of {waiver.check} any more: remove it"
                found.append(Finding(CHECK, Severity.WARNING, waiver.position, message))
        failing = [finding for finding in found if finding.severity >= Severity.BUG]
        verdict = Verdict.FAIL if failing else Verdict.PASS
        reason = failing[0].message if failing else f"{len(used)} of {len(self.entries)} waivers needed"
        return Judgement(CHECK, verdict, Level.STATIC, _TITLE, findings=tuple(found), reason=reason)


def _without(judgement: Judgement, valid: list[Waiver], let_go: list[Waived]) -> Judgement:
    covered = {id(f): w for f in judgement.findings for w in valid if w.covers(f)}
    if not covered:
        return judgement
    gone = [Waived(finding, covered[id(finding)]) for finding in judgement.findings if id(finding) in covered]
    let_go.extend(gone)
    kept = tuple(finding for finding in judgement.findings if id(finding) not in covered)
    failing = [finding for finding in kept if finding.severity >= Severity.BUG]
    why = f"{len(gone)} waived until {gone[0].waiver.expires.isoformat()}: {gone[0].waiver.reason}"
    if failing:
        return dataclasses.replace(judgement, findings=kept, reason=failing[0].message)
    verdict = Verdict.UNKNOWN if judgement.gaps else Verdict.PASS
    return dataclasses.replace(judgement, findings=kept, verdict=verdict, reason=why)


def of(fixtures: Mapping[str, Any]) -> Waivers:
    """The waivers among the fixtures, whose places in their file are not known."""
    raw = fixtures.get("waivers")
    return _made((entry, Position(_FILE)) for entry in _listed(raw))


def read(path: Path, name: str = _FILE) -> Waivers:
    """The waivers of a file, each with its place; none when there is no such file. Raises UnreadableError."""
    if not path.is_file():
        return Waivers()
    try:
        tree = load_yaml(path.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot be read: {error}", at=Position(name)) from error
    view: View = tree.view["waivers"]
    return _made((item.value, item.at()) for item in (view.items() if isinstance(view.value, list) else ()))


def _listed(raw: Any) -> list[Any]:
    entries = raw.get("waivers") if isinstance(raw, dict) else raw
    return entries if isinstance(entries, list) else []


def _made(given: Iterable[tuple[Any, Position]]) -> Waivers:
    entries: list[Waiver] = []
    broken: list[tuple[Position, str]] = []
    for entry, position in given:
        if not isinstance(entry, dict):
            broken.append((position, "a waiver is a mapping of check, file, text, reason and expires"))
            continue
        lacking = [name for name in ("check", "reason", "expires") if not entry.get(name)]
        expires = _day(entry.get("expires"))
        if lacking:
            broken.append((position, f"a waiver without {' and '.join(lacking)}"))
        elif expires is None:
            broken.append((position, f"{entry['expires']!r} is no day; write it like 2027-06-30"))
        else:
            texts = [str(entry.get(name) or default) for name, default in (("check", ""), ("file", "*"), ("text", ""))]
            entries.append(Waiver(texts[0], texts[1], texts[2], str(entry["reason"]), expires, position))
    return Waivers(tuple(entries), tuple(broken))


def _day(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None
