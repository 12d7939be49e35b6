"""The whole configuration read as one program: every check that needs no running stack, and what the products say."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from harness import waivers
from harness.contracts import Check, Context, Documents
from harness.documents.configuration import Configuration
from harness.documents.document import Document
from harness.errors import HarnessError, UnreadableError, UsageError
from harness.model import Finding, Gap, History, Judgement, Level, Outcome, Position, Severity, Verdict
from harness.product_checkers import judge_by_products as judge_by_products
from harness.registry import discover
from harness.reporters import findings as reporters
from harness.reporters.folding import folded as folded

FORMATS = ("text", "json", "sarif", "github")


def static_checks() -> tuple[Check, ...]:
    """Every check whose subject is a document or all of them, ordered by id."""
    found = [kind() for kind in discover("harness.checks", Check) if is_static(kind)]
    return tuple(sorted(found, key=lambda check: check.id))


def is_static(kind: type[Check]) -> bool:
    """Whether a check reads documents, not the history of a run."""
    subject = getattr(kind, "subject", History)
    return subject is not History and (subject is Documents or issubclass(subject, Document))


def run(
    configuration: Configuration,
    context: Context,
    checks: Iterable[Check] | None = None,
    *,
    find: Callable[[str], Path | None] | None = None,
    products: bool = True,
    accepted: waivers.Waivers | None = None,
    today: datetime.date | None = None,
) -> list[Judgement]:
    """Judge a configuration: one judgement a check, one for what could not be read, and one a product's checker.

    Findings that are waived are left out; `accepted`, held against `today`, are those of the fixtures unless given.
    """
    if accepted is None:
        accepted = waivers.of(context.fixtures)
    every = _run(configuration, context, checks, find, products)
    kept, _ = accepted.applied(every, today or datetime.date.today(), complete=checks is None)
    return kept


def _run(
    configuration: Configuration,
    context: Context,
    checks: Iterable[Check] | None,
    find: Callable[[str], Path | None] | None,
    products: bool,
) -> list[Judgement]:
    chosen = static_checks() if checks is None else tuple(checks)
    with ThreadPoolExecutor(1) as pool:
        # The products are other programs: they read the files while our checks do.
        asked = pool.submit(judge_by_products, configuration, find or find_binary) if products else None
        judgements = [_readable(configuration), *(_judge(check, configuration, context) for check in chosen)]
        if asked:
            judgements.extend(asked.result())
    return folded(judgements)


def changed_files(folder: Path, base: str) -> frozenset[str]:
    """The files below a folder that differ from a commit, those that git does not know yet included.

    Raises UsageError when the folder is in no checkout or the commit is unknown.
    """
    # Resolved first, so that a name which looks like an option is never taken for one.
    commit = _git(folder, base, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}").strip()
    tracked = _git(folder, base, "diff", "--name-only", "--relative", "-z", commit, "--", ".")
    others = _git(folder, base, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return frozenset(name for name in (tracked + others).split("\0") if name)


def _git(folder: Path, base: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"git cannot be asked what has changed: {error}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["there is no such commit"])[0]
        raise UsageError(f"git cannot tell what has changed since {base}: {said}", hint="Name a commit or branch.")
    return done.stdout


def find_binary(name: str) -> Path | None:
    """The program as the toolchain has it, or None."""
    return _binaries().get(name)


@cache
def _binaries() -> Mapping[str, Path]:
    from harness.toolchain import locate

    found = {}
    toolchain = locate()
    for name in ("promtool", "amtool", "filebeat"):
        try:
            path = toolchain.binary(name)
        except HarnessError:
            continue
        if path.is_file():
            found[name] = path
    return found


def _readable(configuration: Configuration) -> Judgement:
    check, title = "configuration/readable", "Every file is what it should be."
    findings = tuple(
        Finding(check, _weight(error), error.at or Position(str(configuration.folder)), _said(error))
        for error in (*configuration.errors, *configuration.complaints)
    )
    reason = findings[0].message if findings else f"{len(configuration.documents)} artifacts read"
    verdict = Verdict.FAIL if any(f.severity >= Severity.BUG for f in findings) else Verdict.PASS
    findings += tuple(
        Finding(check, Severity.INFO, position, "a template, to be rendered by another program first; not read")
        for position in configuration.templated
    )
    findings += tuple(
        Finding(check, Severity.INFO, error.at or Position(""), f"not read; by its look none of ours: {error.message}")
        for error in configuration.unread
    )
    generated = [file for file in configuration.files if file.endswith((".jsonnet", ".libsonnet"))]
    if generated:
        message = f"{len(generated)} Jsonnet files are programs that make configurations; lint what they make"
        findings += (Finding(check, Severity.INFO, Position(generated[0]), message),)
    return Judgement(check, verdict, Level.STATIC, title, findings=findings, reason=reason)


def _weight(error: UnreadableError) -> Severity:
    """What keeps a file from being read is fatal. Of a key that is twice in a JSON file, most take the last."""
    twice = error.message.startswith("duplicate key") and error.at is not None and error.at.file.endswith(".json")
    return Severity.WARNING if twice else Severity.FATAL


def _said(error: UnreadableError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


def _judge(check: Check, configuration: Configuration, context: Context) -> Judgement:
    """A rule passes when it finds nothing; one that crashes is UNKNOWN, never a pass."""
    subject: Any = check.subject
    subjects = [configuration] if subject is Documents else configuration.of(subject)
    outcomes: list[Outcome] = []
    try:
        for one in subjects:
            outcomes.extend(check.examine(one, context))
    except UnreadableError:
        # What cannot be read is reported once, as such, by the first check that is about reading it.
        outcomes = [o for o in outcomes if isinstance(o, Finding)]
    except Exception as error:  # a crashed check must not take the others with it
        reason = f"the check itself failed: {type(error).__name__}: {error}"
        return Judgement(check.id, Verdict.UNKNOWN, Level.STATIC, check.title, gaps=(Gap(reason),), reason=reason)
    found = tuple(sorted((o for o in outcomes if isinstance(o, Finding)), key=lambda f: f.position))
    gaps = tuple(o for o in outcomes if isinstance(o, Gap))
    failing = [f for f in found if f.severity >= Severity.BUG]
    if failing:
        verdict, reason = Verdict.FAIL, failing[0].message
    elif gaps:
        verdict, reason = Verdict.UNKNOWN, gaps[0].reason
    else:
        verdict, reason = Verdict.PASS, f"{len(subjects)} files" if subjects else "nothing of the kind here"
    return Judgement(check.id, verdict, Level.STATIC, check.title, findings=found, gaps=gaps, reason=reason)


def findings_of(judgements: Iterable[Judgement]) -> list[Finding]:
    """Every finding, by place."""
    found = [finding for judgement in judgements for finding in judgement.findings]
    return sorted(found, key=lambda f: (f.position, -f.severity, f.check))


def main(
    paths: Sequence[str | Path],
    output_format: str = "text",
    *,
    fixtures: Mapping[str, Any] | None = None,
    write: Callable[[str], object] = sys.stdout.write,
    changed_since: str | None = None,
    accepted: waivers.Waivers | None = None,
) -> int:
    """Lint the folders and print what was found. 0: nothing that fails, 1: bugs, 2: usage or an unreadable file.

    With `changed_since`, a commit, only findings that concern a file changed since then count; everything is read all
    the same, because what breaks may be in one file and the change in another.
    """
    if output_format not in FORMATS:
        raise UsageError(f"unknown format {output_format!r}", hint=f"There are: {', '.join(FORMATS)}")
    known = dict(fixtures or {})
    exit_code = 0
    everything: list[Finding] = []
    judged: list[tuple[str, Configuration, list[Judgement]]] = []
    allowed = waivers.of(known) if accepted is None else accepted
    waived: list[waivers.Waived] = []
    for path in paths:
        configuration = Configuration.load(Path(path), alone=True)
        every = _run(configuration, Context(configuration, known), None, None, True)
        judgements, let_go = allowed.applied(every, datetime.date.today(), complete=True)
        waived.extend(let_go)
        if changed_since is not None:
            judgements = _concerning(judgements, changed_files(_base(path), changed_since))
        prefix = _prefix(path) if len(paths) > 1 else ""
        judged.append((prefix, configuration, judgements))
        found = [_prefixed(finding, prefix) for finding in findings_of(judgements)]
        everything.extend(found)
        if configuration.errors:
            exit_code = 2
        elif any(f.severity >= Severity.BUG for f in found):
            exit_code = max(exit_code, 1)
    write(_rendered(output_format, everything, judged, paths, waived))
    return exit_code


def _base(path: str | Path) -> Path:
    """The folder that the places of findings are relative to."""
    return Path(path).parent if Path(path).is_file() else Path(path)


def _prefix(path: str | Path) -> str:
    return f"{_base(path).as_posix().rstrip('/')}/"


def _concerning(judgements: list[Judgement], files: frozenset[str]) -> list[Judgement]:
    """The judgements with only those findings that are in one of the files, or point to one."""
    return [
        dataclasses.replace(
            judgement,
            findings=tuple(
                finding
                for finding in judgement.findings
                if any(position.file in files for position in (finding.position, *finding.also))
            ),
        )
        for judgement in judgements
    ]


def _prefixed(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    at = finding.position
    moved = Position(prefix + at.file, at.line, at.column, at.length)
    return Finding(finding.check, finding.severity, moved, finding.message, finding.also)


def _rendered(
    output_format: str,
    findings: list[Finding],
    judged: list[tuple[str, Configuration, list[Judgement]]],
    paths: Sequence[str | Path],
    waived: list[waivers.Waived],
) -> str:
    prefix = _prefix(paths[0]) if len(paths) == 1 else ""
    if output_format == "json":
        return reporters.as_json(findings) + "\n"
    if output_format == "github":
        lines = reporters.github(findings, prefix)
        return lines + "\n" if lines else ""
    if output_format == "sarif":
        titles = {j.check: j.title for _, _, judgements in judged for j in judgements}
        accepted = [(one.finding, one.waiver.reason) for one in waived]
        return reporters.sarif(findings, titles, prefix, accepted) + "\n"

    def text_of(file: str) -> str | None:
        for own, configuration, _ in judged:
            if file.startswith(own):
                text = configuration.text(file.removeprefix(own))
                if text is not None:
                    return text
        return None

    report = reporters.text(findings, text_of)
    return (report + "\n" if report else "") + "".join(f"~ {one}\n" for one in waived) + _summary(findings, judged)


def _summary(findings: list[Finding], judged: list[tuple[str, Configuration, list[Judgement]]]) -> str:
    lines = []
    for _, _, judgements in judged:
        for judgement in judgements:
            for gap in judgement.gaps:
                hint = f" ({gap.hint})" if gap.hint else ""
                lines.append(f"? {judgement.check}: {gap.reason}{hint}\n")
    files = sum(len(configuration.files) for _, configuration, _ in judged)
    artifacts = sum(len(configuration.documents) for _, configuration, _ in judged)
    checks = max((len(judgements) for _, _, judgements in judged), default=0)
    counts = [
        f"{count} {severity.label}"
        for severity in sorted(Severity, reverse=True)
        if (count := sum(1 for f in findings if f.severity is severity))
    ]
    said = ", ".join(counts) or "nothing found"
    lines.append(f"{files} files, {artifacts} artifacts recognised{_kinds(judged)}, {checks} checks: {said}\n")
    failing = next((f.check for f in findings if f.severity >= Severity.BUG), "")
    if failing:
        lines.append(f"why, and how to fix: harness explain {failing}\n")
    return "".join(lines)


def _kinds(judged: list[tuple[str, Configuration, list[Judgement]]]) -> str:
    """What was recognised, by kind, most first."""
    kinds = collections.Counter(type(one).__name__ for _, configuration, _ in judged for one in configuration.documents)
    spoken = (f"{count} {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', name).lower()}" for name, count in kinds.most_common())
    return f" ({', '.join(spoken)})" if kinds else ""
