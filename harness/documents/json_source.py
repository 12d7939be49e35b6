"""JSON and NDJSON with positions: parsed by the C reader, scanned for positions only when somebody asks for one."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.documents.positions import Span, Step, Tree, existing
from harness.errors import UnreadableError
from harness.model import Position

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(r'[ \t\r\n]*(?:("(?:[^"\\]|\\.)*")|([{}\[\],:])|([^\s,:{}\[\]"]+))')


def load_json(text: str, file: str, *, strict: bool = True) -> Tree:
    """Parse a JSON file. Raises UnreadableError on broken syntax, and on duplicate keys unless `strict` is off."""
    text = text.removeprefix("\ufeff")
    duplicates: list[str] = []
    comment: Position | None = None
    try:
        value = _parse(text, file, 1, duplicates)
    except UnreadableError as error:
        bare = _without_comments(text)
        if strict or bare == text:
            raise
        value, text, comment = _parse(bare, file, 1, duplicates), bare, error.at
    tree = Tree(file, text, value, lambda: _Locator.of(text))
    if comment:
        tree.complain(
            comment, "broken JSON: it holds comments or trailing commas", "Editors allow them, products do not."
        )
    return _checked(tree, duplicates, strict)


def _without_comments(text: str) -> str:
    """The text of the same length, blank where a comment or a comma before a closing bracket stands."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return re.sub(r',(?=\s*[}\]])|"(?:[^"\\]|\\.)*"', blank, _COMMENT.sub(blank, text))


def load_ndjson(text: str, file: str, *, strict: bool = True) -> Tree:
    """Parse a file of one JSON value a line; the tree's value is the list of them. Empty lines are skipped."""
    text = text.removeprefix("\ufeff")
    values, spans, offset = [], [], 0
    duplicates: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if line.strip():
            values.append(_parse(line, file, number, duplicates))
            spans.append((offset, line))
        offset += len(line)
    tree = Tree(file, text, values, lambda: _Locator.of_lines(spans))
    return _checked(tree, duplicates, strict)


def _checked(tree: Tree, duplicates: list[str], strict: bool) -> Tree:
    if duplicates and isinstance(tree.locator, _Locator):
        for path, span in tree.locator.duplicates:
            tree.complain(tree.place(span.start, span.end), f"duplicate key `{path[-1]}`", "Only the last one counts.")
    if strict and tree.complaints:
        raise tree.complaints[0]
    return tree


def _parse(text: str, file: str, first_line: int, duplicates: list[str]) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items):
            duplicates.append("")
        return made

    def constant(name: str) -> Any:
        raise UnreadableError(f"broken JSON: {name} is not JSON", at=_where_is(text, name, file, first_line))

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        inside = existing(text, file, error.lineno, error.colno)
        at = Position(file, first_line + inside.line - 1, inside.column, inside.length)
        raise UnreadableError(f"broken JSON: {error.msg}", at=at) from None
    except RecursionError:
        raise UnreadableError("broken JSON: nested too deep", at=Position(file, first_line)) from None
    except ValueError as error:
        raise UnreadableError(f"broken JSON: {error}", at=Position(file, first_line)) from None


def _where_is(text: str, word: str, file: str, first_line: int) -> Position:
    offset = max(0, text.find(word))
    line = text.count("\n", 0, offset)
    return Position(file, first_line + line, offset - (text.rfind("\n", 0, offset) + 1) + 1, len(word))


class _Locator:
    """The spans of every value and key, by path."""

    def __init__(self) -> None:
        self.values: dict[tuple[Step, ...], Span] = {}
        self.keys: dict[tuple[Step, ...], Span] = {}
        self.duplicates: list[tuple[tuple[Step, ...], Span]] = []

    @classmethod
    def of(cls, text: str) -> _Locator:
        """Scan one JSON text."""
        locator = cls()
        locator.scan(text, 0, ())
        return locator

    @classmethod
    def of_lines(cls, lines: list[tuple[int, str]]) -> _Locator:
        """Scan the lines of an NDJSON file, each with its offset."""
        locator = cls()
        end = 0
        for index, (offset, line) in enumerate(lines):
            locator.scan(line, offset, (index,))
            end = offset + len(line)
        locator.values[()] = Span(0, end)
        return locator

    def value(self, path: tuple[Step, ...]) -> Span | None:
        """The span of the value at `path`."""
        return self.values.get(path)

    def key(self, path: tuple[Step, ...]) -> Span | None:
        """The span of the key of the value at `path`."""
        return self.keys.get(path)

    def scan(self, text: str, offset: int, root: tuple[Step, ...]) -> None:
        """Note the spans of a JSON text known to be well-formed."""
        path: tuple[Step, ...] = root
        stack: list[tuple[tuple[Step, ...], int, bool]] = []  # path, start, is an object
        expecting_key = False
        for match in _TOKEN.finditer(text):
            string, mark, _scalar = match.groups()
            start, end = offset + match.start(match.lastindex or 0), offset + match.end()
            if mark is None:
                if string is not None and expecting_key:
                    path, expecting_key = (*stack[-1][0], json.loads(string)), False
                    if path in self.keys:
                        self.duplicates.append((path, Span(start, end, "double")))
                    self.keys[path] = Span(start, end, "double")
                else:
                    self.values[path] = Span(start, end, "double" if string is not None else "plain")
            elif mark in "{[":
                stack.append((path, start, mark == "{"))
                expecting_key = mark == "{"
                path = path if expecting_key else (*path, 0)
            elif mark in "}]":
                path, opened, _ = stack.pop()
                self.values[path] = Span(opened, end)
                expecting_key = False
            elif mark == ",":
                above, _, is_object = stack[-1]
                expecting_key = is_object
                path = above if is_object else (*above, _next(path))


def _next(path: tuple[Step, ...]) -> int:
    last = path[-1]
    return last + 1 if isinstance(last, int) else 0
