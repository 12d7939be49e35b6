"""Moves through the text of a configuration and turns offsets into lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NoReturn

from harness.errors import UnreadableError
from harness.model import Position

_SPACE = re.compile(r"[ \t\r\n]+")
_SPACE_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*(?:\r?\n|\r?\Z))*")
_MAX_DEPTH = 80


class Scanner:
    """A cursor over the text. `take*` advance and return what they took; `expect*` fail with a position."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.offset = 0
        self.depth = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int | None = None) -> Position:
        """Where `offset` (default: the cursor) is."""
        offset = self.offset if offset is None else offset
        line = bisect_right(self._line_starts, offset)
        return Position(self.file, line, offset - self._line_starts[line - 1] + 1)

    def fail(self, message: str, *, at: Position | None = None, hint: str = "") -> NoReturn:
        """Refuse the configuration at the cursor, or at a given place."""
        raise UnreadableError(message, at=at or self.position(), hint=hint)

    def space(self) -> bool:
        """Skip whitespace, but no comment; tell whether there was any."""
        match = _SPACE.match(self.text, self.offset)
        if match:
            self.offset = match.end()
        return match is not None

    def skip(self) -> None:
        """Skip whitespace and comments."""
        match = _SPACE_AND_COMMENTS.match(self.text, self.offset)
        if match:
            self.offset = match.end()

    def peek(self, literal: str) -> bool:
        """Whether the text goes on with `literal`."""
        return self.text.startswith(literal, self.offset)

    def take(self, literal: str) -> bool:
        """Advance over `literal` if the text goes on with it."""
        if self.text.startswith(literal, self.offset):
            self.offset += len(literal)
            return True
        return False

    def take_match(self, pattern: re.Pattern[str]) -> str | None:
        """Advance over what `pattern` matches here."""
        match = pattern.match(self.text, self.offset)
        if match is None:
            return None
        self.offset = match.end()
        return match.group()

    def expect(self, literal: str, where: str) -> None:
        """Advance over `literal` or refuse."""
        if not self.take(literal):
            self.fail(f"expected `{literal}` {where}, found {self.here()}")

    def here(self) -> str:
        """What stands at the cursor, for a message."""
        if self.offset >= len(self.text):
            return "the end of the file"
        word = self.text[self.offset : self.offset + 20].split("\n", 1)[0].strip()
        return f"`{word or 'a line break'}`"

    @property
    def done(self) -> bool:
        """Whether the cursor is at the end."""
        return self.offset >= len(self.text)

    def deeper(self) -> None:
        """Enter one level of nesting; absurd depths are refused, so that no input can exhaust the stack."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"nested more than {_MAX_DEPTH} levels deep")

    def shallower(self) -> None:
        """Leave one level of nesting."""
        self.depth -= 1
