"""The products' own checkers, asked about the configuration: promtool, amtool and `filebeat test config`.

They know their formats best. Each runs once for all files of its kind, the three side by side, on copies in a temporary
folder where placeholders are filled in; what they say is mapped back to file, line and column.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.documents.alertmanager import Alertmanager
from harness.documents.configuration import Configuration
from harness.documents.document import Document
from harness.documents.filebeat import Filebeat
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.documents.shapes import rules as shape
from harness.documents.substitution import references
from harness.documents.templates import Templates
from harness.errors import HarnessError
from harness.launchers.ledger import temporary_folder
from harness.model import Finding, Gap, Judgement, Level, Position, Severity, Verdict

_DEADLINE_SECONDS = 30.0
_LINE = re.compile(r"\bline (\d+)(?:: (?:column|col) (\d+))?")
_RULE = re.compile(
    r"^(?P<file>[^:\n]+): (?:(?P<line>\d+):(?P<column>\d+): )?"
    r'group "(?P<group>[^"]*)", rule (?P<rule>\d+), "[^"]*": (?P<what>.*)'
)
_IN_EXPRESSION = re.compile(r"(?P<line>\d+):(?P<column>\d+): (?:parse error: )?")
# Beats' own spelling: `${NAME}` must be set, `${NAME:default}` need not.
_REQUIRED = re.compile(r"\$\{([A-Za-z_]\w*)(?::\?[^}]*)?\}")
_QUOTED = re.compile(r'"([^"\n]+)"|\'([^\'\n]+)\'')

Find = Callable[[str], Path | None]


@dataclass(frozen=True, slots=True)
class Checker:
    """A product's checker: which documents it reads, which program it is, and how it is asked."""

    id: str
    title: str
    kind: type[Document]
    binary: str
    ask: Callable[[Path, Configuration, tuple[Document, ...]], Iterator[tuple[Position, str]]]


def judge_by_products(configuration: Configuration, find: Find) -> list[Judgement]:
    """What each product's checker says about its files; a checker that is not here is a gap, never silence."""
    wanted = [(checker, configuration.of(checker.kind)) for checker in CHECKERS]
    present = [(checker, documents) for checker, documents in wanted if documents]
    if not present:
        return []
    with ThreadPoolExecutor(len(present)) as pool:
        return list(pool.map(lambda pair: _judge(pair[0], configuration, pair[1], find), present))


def _judge(checker: Checker, configuration: Configuration, documents: tuple[Document, ...], find: Find) -> Judgement:
    program = find(checker.binary)
    if program is None:
        gap = Gap(f"{checker.binary} is not set up, so it was not asked", hint="Set it up: harness setup")
        return Judgement(checker.id, Verdict.UNKNOWN, Level.STATIC, checker.title, gaps=(gap,), reason=gap.reason)
    try:
        found = [
            Finding(checker.id, Severity.FATAL, at, what) for at, what in checker.ask(program, configuration, documents)
        ]
    except (OSError, subprocess.SubprocessError, HarnessError) as error:
        reason = f"{checker.binary} could not be asked: {error}"
        return Judgement(checker.id, Verdict.UNKNOWN, Level.STATIC, checker.title, gaps=(Gap(reason),), reason=reason)
    verdict = Verdict.FAIL if found else Verdict.PASS
    reason = found[0].message if found else f"{checker.binary} accepts {len(documents)} files"
    return Judgement(checker.id, verdict, Level.NATIVE, checker.title, findings=tuple(found), reason=reason)


def _written(folder: Path, file: str, text: str) -> str:
    """A copy of a file for the checker, which nobody else can write to: Filebeat refuses one that others can."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return file


def _asked(arguments: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(  # the program is one of ours, named by its full path
        arguments,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_DEADLINE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + "\n" + done.stderr


def _rules(
    program: Path, configuration: Configuration, documents: tuple[Document, ...]
) -> Iterator[tuple[Position, str]]:
    by_file: dict[str, Rules] = {}
    with temporary_folder("harness-promtool-") as folder:
        for document in documents:
            assert isinstance(document, Rules)
            # A manifest can carry several rule files.
            own = document.file if document.file not in by_file else f"{len(by_file)}~/{document.file}"
            by_file[_written(folder, own, document.tree.text)] = document
        files = list(by_file)
        status, said = _asked([str(program), "check", "rules", "--lint=none", "--", *files], folder)
    found = False
    lines = said.splitlines()
    for index, line in enumerate(lines):
        match = _RULE.match(line)
        file, _, rest = line.partition(": ")
        if match and match["file"] in by_file:
            found = True
            yield _rule_position(by_file[match["file"]], match)
        elif file in by_file:
            found = True
            details = [rest] if not rest.rstrip().endswith(":") else []
            details += [detail.strip() for detail in _indented(lines[index + 1 :])]
            for detail in details or [rest]:
                if shape.RELATIVES.search(detail):
                    continue
                yield _mapped(by_file[file], detail), _cleaned(detail)
    if status and not found:
        yield documents[0].tree.at(), said.strip()


def _indented(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("  ") or line.strip() in ("FAILED:", "SUCCESS:"):
            return
        yield line


def _rule_position(rules: Rules, match: re.Match[str]) -> tuple[Position, str]:
    """promtool counts rules from one within a group, and places in an expression from the expression's beginning."""
    group = next((g for g in rules.groups if g.name == match["group"]), None)
    what = match["what"]
    number = int(match["rule"]) - 1
    if group is None or number >= len(group.rules):
        place = Position(rules.file, int(match["line"] or 1), int(match["column"] or 1))
        return place, _cleaned(what)
    rule = group.rules[number]
    where = _IN_EXPRESSION.search(what)
    if "could not parse expression" in what and where:
        lines = rule.expr.split("\n")
        line, column = int(where["line"]), int(where["column"])
        offset = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
        return rule.inside("expr", min(offset, max(0, len(rule.expr.rstrip()) - 1))), _cleaned(what)
    named = re.match(r'(annotation|label) "([^"]+)"', what)
    if named:
        return rule.at(f"{named[1]}s", named[2]), _cleaned(what)
    return rule.at("alert" if "alert" in rule.view.value else "record"), _cleaned(what)


def _prometheus(
    program: Path, configuration: Configuration, documents: tuple[Document, ...]
) -> Iterator[tuple[Position, str]]:
    """Only the syntax: the files it refers to are in containers, and are judged by checks of their own."""
    with temporary_folder("harness-promtool-") as folder:
        for document in documents:
            file = _written(folder, document.file, document.tree.text)
            status, said = _asked([str(program), "check", "config", "--syntax-only", "--", file], folder)
            if status:
                yield from _failures(document, said)


def _alertmanager(
    program: Path, configuration: Configuration, documents: tuple[Document, ...]
) -> Iterator[tuple[Position, str]]:
    with temporary_folder("harness-amtool-") as folder:
        templates = {t.file: _written(folder, t.file, t.tree.text) for t in configuration.of(Templates)}
        for document in documents:
            assert isinstance(document, Alertmanager)
            text = _with_templates(_filled(document.tree.text), document, [folder / t for t in templates])
            file = _written(folder, document.file, text)
            status, said = _asked([str(program), "check-config", "--", file], folder)
            if status:
                yield from _alertmanager_failures(document, configuration, said, str(folder))


def _alertmanager_failures(
    document: Alertmanager, configuration: Configuration, said: str, folder: str
) -> Iterator[tuple[Position, str]]:
    in_template = re.search(r"template: ([^:\s]+):(\d+)(?::(\d+))?: (.*)", said)
    if in_template:
        for templates in configuration.of(Templates):
            if PurePosixPath(templates.file).name == in_template[1]:
                column = int(in_template[3] or 0) + 1
                yield Position(templates.file, int(in_template[2]), column), _cleaned(in_template[4])
                return
    yield from _failures(document, said.replace(folder + "/", ""))


def _with_templates(text: str, document: Alertmanager, templates: list[Path]) -> str:
    """The paths of templates are the container's; the copies are asked for instead."""
    for pattern, _ in document.templates:
        fitting = [path for path in templates if path.match(PurePosixPath(pattern).name)]
        if fitting:
            text = text.replace(pattern, str(fitting[0].parent / PurePosixPath(pattern).name))
    return text


def _filled(text: str) -> str:
    """Placeholders filled in with values of the kind their names promise."""
    lines = []
    for line in text.split("\n"):
        if not line.lstrip().startswith("#"):
            for reference in sorted(references(line), key=lambda r: -r.offset):
                end = reference.offset + reference.length
                line = line[: reference.offset] + _dummy(reference.name) + line[end:]
        lines.append(line)
    return "\n".join(lines)


def _dummy(name: str) -> str:
    words = set(name.upper().split("_"))
    if words & {"URL", "WEBHOOK"}:
        return "http://placeholder.invalid/hook"
    if words & {"TIMEOUT", "INTERVAL", "WAIT"}:
        return "5m"
    if "PORT" in words:
        return "25"
    if words & {"FROM", "TO", "EMAIL"}:
        return "placeholder@example.invalid"
    return "placeholder"


def _filebeat(
    program: Path, configuration: Configuration, documents: tuple[Document, ...]
) -> Iterator[tuple[Position, str]]:
    with temporary_folder("harness-filebeat-") as folder:
        for document in documents:
            assert isinstance(document, Filebeat)
            file = _written(folder, document.file, document.tree.text)
            paths = [f"path.{part}={folder / part}" for part in ("home", "data", "logs")]
            overrides = [word for path in paths for word in ("-E", path)]
            dummies = {name: _dummy(name) for name in _REQUIRED.findall(document.tree.text)}
            status, said = _asked(
                [str(program), "test", "config", "-c", str(folder / file), *overrides], folder, dummies
            )
            if status:
                yield _mapped(document, said), _cleaned(said.replace(f"{folder}/", ""))


def _failures(document: Document, said: str) -> Iterator[tuple[Position, str]]:
    """The error lines of promtool and amtool: one problem, or a list of unmarshalling errors with lines."""
    _, _, failed = said.partition("FAILED:")
    lines = [line.strip() for line in failed.splitlines() if line.strip() and "failed to validate" not in line]
    listed = [line for line in lines if _LINE.match(line)]
    for line in listed or lines[:1] or [said.strip()]:
        yield _mapped(document, line), _cleaned(line.removeprefix(f"parsing YAML file {document.file}: "))


def _mapped(document: Document, said: str) -> Position:
    """Where the message points to: its line, else the last quoted word's place in the file, else the file."""
    text = document.tree.text
    line = _LINE.search(said)
    if line:
        number = int(line[1])
        lines = text.split("\n")
        content = lines[number - 1] if number <= len(lines) else ""
        word = re.search(r"(?:field|key) (\S+)", said)
        column = content.find(word[1]) + 1 if word and word[1] in content else len(content) - len(content.lstrip()) + 1
        return Position(
            document.file, number, int(line[2] or column), len(word[1]) if word and word[1] in content else 0
        )
    for first, second in reversed(_QUOTED.findall(said)):
        word_text = (first or second).rpartition(".")[2]
        places = [m for m in re.finditer(re.escape(word_text), text) if word_text and not _commented(text, m.start())]
        if places:
            return document.tree.place(places[-1].start(), places[-1].end())
    return document.tree.at()


def _commented(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith("#")


def _cleaned(said: str) -> str:
    """The message without what the position says already, and without what is said to a shell."""
    text = re.sub(r"^Exiting: ", "", said.strip())
    text = re.sub(r"\(source:'[^']*'\)", "", text)
    text = re.sub(r"^line \d+: ", "", text)
    text = re.sub(r"could not parse expression: \d+:\d+: (?:parse error: )?", "", text)
    text = re.sub(r"template: __\w+:\d+(?::\d+)?: ", "", text)
    return " ".join(text.split())


CHECKERS = (
    Checker("promtool/rules", "promtool accepts the rule files.", Rules, "promtool", _rules),
    Checker("promtool/config", "promtool accepts Prometheus's configuration.", Prometheus, "promtool", _prometheus),
    Checker("amtool/config", "amtool accepts Alertmanager's configuration.", Alertmanager, "amtool", _alertmanager),
    Checker("filebeat/config", "Filebeat accepts its configuration.", Filebeat, "filebeat", _filebeat),
)
