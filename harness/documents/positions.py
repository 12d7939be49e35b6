"""A parsed file that remembers where each of its values stands, and typed views into it.

Checks point at what is wrong; so every loader, whatever the syntax, ends in a `Tree`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from harness.errors import UnreadableError
from harness.model import Position

Step = str | int
Style = Literal["plain", "single", "double", "block"]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a file, and how the scalar there is quoted."""

    start: int
    end: int
    style: Style = "plain"


class Locator(Protocol):
    """Where the values of one file stand; each syntax has its own."""

    def value(self, path: tuple[Step, ...]) -> Span | None:
        """The span of the value at `path`, or None when there is none."""
        ...

    def key(self, path: tuple[Step, ...]) -> Span | None:
        """The span of the key whose value is at `path`, or None when there is none."""
        ...


class Tree:
    """Plain data (`value`) with positions (`at`), and the complaints about its shape that reading it brought up."""

    def __init__(self, file: str, text: str, value: Any, locate: Callable[[], Locator]) -> None:
        self.file = file
        self.text = text
        self.value = value
        self.complaints: list[UnreadableError] = []
        self._locate = locate
        self._locator: Locator | None = None
        self._line_starts: list[int] | None = None

    @property
    def locator(self) -> Locator:
        """Where the values stand; built when first asked, because most files hold nothing to complain about."""
        if self._locator is None:
            self._locator = self._locate()
        return self._locator

    @property
    def view(self) -> View:
        """The whole document as a view."""
        return View(self, ())

    def get(self, *path: Step) -> Any:
        """The value at `path`, or None when there is none."""
        value = self.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    def at(self, *path: Step) -> Position:
        """Where the value at `path` stands; of its nearest ancestor when there is none."""
        for length in range(len(path), -1, -1):
            span = self.locator.value(path[:length])
            if span:
                return self.place(span.start, span.end)
        return Position(self.file)

    def key_at(self, *path: Step) -> Position:
        """Where the key of the value at `path` stands; the value itself, or an ancestor, when there is no key."""
        span = self.locator.key(path)
        return self.place(span.start, span.end) if span else self.at(*path)

    def inside(self, path: tuple[Step, ...], offset: int, length: int = 1) -> Position:
        """Where the characters `offset` to `offset + length` of the text at `path` stand, whatever its quoting."""
        span = self.locator.value(path)
        value = self.get(*path)
        if span is None or not isinstance(value, str):
            return self.at(*path)
        start = source_offset(self.text, span, value, offset)
        end = source_offset(self.text, span, value, max(offset, offset + length - 1)) + 1
        return self.place(start, end)

    def place(self, start: int, end: int) -> Position:
        """The position of the characters `start` to `end`, cut off at the end of the line."""
        if self._line_starts is None:
            self._line_starts = [0, *(i + 1 for i, character in enumerate(self.text) if character == "\n")]
        line = bisect_right(self._line_starts, start)
        line_start = self._line_starts[line - 1]
        line_end = self._line_starts[line] - 1 if line < len(self._line_starts) else len(self.text)
        return Position(self.file, line, start - line_start + 1, max(0, min(end, line_end) - start))

    def complain(self, at: Position, message: str, hint: str = "") -> None:
        """Note that the file is not what it should be at this place; the configuration collects these."""
        self.complaints.append(UnreadableError(message, at=at, hint=hint))


def existing(text: str, file: str, line: int, column: int) -> Position:
    """A place a parser names, moved to the end of the last line with content when it lies behind the text."""
    lines = text.split("\n")
    if line > len(lines) or (line == len(lines) and not lines[-1].strip()):
        line = next((number for number in range(len(lines), 0, -1) if lines[number - 1].strip()), 1)
        column = len(lines[line - 1]) + 1
    content = lines[line - 1]
    column = min(column, len(content) + 1)
    return Position(file, line, column, 1 if column <= len(content) else 0)


def source_offset(text: str, span: Span, value: str, offset: int) -> int:
    """The offset in the file of character `offset` of a scalar, following quoting, folding and indentation."""
    j, end = span.start, span.end
    if span.style == "block":
        newline = text.find("\n", j, end)
        j = newline + 1 if newline >= 0 else j
    elif span.style != "plain":
        j += 1
    for i in range(min(offset, len(value) - 1) + 1):
        character = value[i]
        last = i == min(offset, len(value) - 1)
        if span.style == "double" and text[j : j + 1] == "\\":
            if last:
                break
            j += 2
            continue
        if character.isspace() and not last:
            j += 1 if text[j : j + 1] == character and not value[i + 1 : i + 2].isspace() else 0
            continue
        while j < end and text[j] != character and (text[j].isspace() or span.style != "plain"):
            j += 1
        if last:
            break
        j += 1
    return min(j, max(span.start, end - 1))


@dataclass(frozen=True, slots=True)
class View:
    """A part of a tree, asked by type. What has another shape is complained about once and read as missing."""

    tree: Tree
    path: tuple[Step, ...]

    def __getitem__(self, step: Step) -> View:
        return View(self.tree, (*self.path, step))

    def __bool__(self) -> bool:
        return self.value is not None

    def __iter__(self) -> Iterator[View]:
        return iter(self.items())

    @property
    def value(self) -> Any:
        """The plain data here; None when there is nothing."""
        return self.tree.get(*self.path)

    @property
    def name(self) -> str:
        """The key or index this view was reached by."""
        return str(self.path[-1]) if self.path else self.tree.file

    def at(self, *path: Step) -> Position:
        """Where the value at `path` below this view stands."""
        return self.tree.at(*self.path, *path)

    def key_at(self, *path: Step) -> Position:
        """Where the key of the value at `path` below this view stands."""
        return self.tree.key_at(*self.path, *path)

    def inside(self, path: tuple[Step, ...], offset: int, length: int = 1) -> Position:
        """Where characters of the text at `path` below this view stand."""
        return self.tree.inside((*self.path, *path), offset, length)

    def text(self, step: Step, default: str = "") -> str:
        """The scalar under `step` as text."""
        value = self[step].value
        if value is None:
            return default
        if isinstance(value, (dict, list)):
            self._complain(step, value, "text")
            return default
        return "true" if value is True else "false" if value is False else str(value)

    def number(self, step: Step) -> float | None:
        """The number under `step`; text that spells one counts."""
        value = self[step].value
        if value is None or isinstance(value, bool):
            return None
        try:
            return float(value)
        except (TypeError, ValueError):
            return None

    def items(self, step: Step | None = None) -> tuple[View, ...]:
        """The elements of the list under `step`, or here."""
        here = self if step is None else self[step]
        value = here.value
        if value is None:
            return ()
        if not isinstance(value, list):
            here._complain(None, value, "a list")
            return ()
        return tuple(here[index] for index in range(len(value)))

    def mappings(self, step: Step | None = None) -> tuple[View, ...]:
        """The elements of the list under `step`, or here, that are mappings; others are complained about."""
        found = []
        for item in self.items(step):
            if isinstance(item.value, dict):
                found.append(item)
            else:
                item._complain(None, item.value, "a mapping")
        return tuple(found)

    def entries(self, step: Step | None = None) -> dict[str, View]:
        """The entries of the mapping under `step`, or here, in file order."""
        here = self if step is None else self[step]
        value = here.value
        if value is None:
            return {}
        if not isinstance(value, dict):
            here._complain(None, value, "a mapping")
            return {}
        return {str(key): here[key] for key in value}

    def texts(self, step: Step | None = None) -> tuple[str, ...]:
        """The list under `step`, or here, as texts; a lone scalar counts as a list of one."""
        here = self if step is None else self[step]
        value = here.value
        if value is None:
            return ()
        if not isinstance(value, (list, dict)):
            return (str(value),)
        return tuple(here.text(index) for index in range(len(value))) if isinstance(value, list) else ()

    def labels(self, step: Step) -> dict[str, str]:
        """The mapping under `step` as texts."""
        return {key: self[step].text(view.path[-1]) for key, view in self.entries(step).items()}

    def _complain(self, step: Step | None, value: Any, wanted: str) -> None:
        here = self if step is None else self[step]
        name = f"`{here.name}`" if here.path else "the document"
        self.tree.complain(here.at(), f"{name} must be {wanted}, not {kind_of(value)}")


def kind_of(value: Any) -> str:
    """What a value is, in a person's words."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "empty" if value is None else type(value).__name__)
