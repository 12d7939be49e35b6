"""Alertmanager's notification templates: what they define, and the syntax of their actions.

Go's template language is checked as far as it can be without Go: actions and blocks closed, strings terminated,
functions known. Everything else the product's own checker is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.documents.document import Document, Source
from harness.model import Position

_ACTION = re.compile(
    r"\{\{-?\s*(/\*.*?\*/\s*-?\}\}|(?P<body>(?:`[^`]*`|\"(?:[^\"\\\n]|\\.)*\"|(?!\}\}|\{\{).)*?)-?\}\})", re.DOTALL
)
_OPENERS = ("if", "range", "with", "define", "block")


@dataclass(frozen=True, slots=True)
class Action:
    """One `{{ … }}`: its body without the braces, and the offset of the braces in the text."""

    body: str
    offset: int

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.body.split(None, 1)[0] if self.body.split() else ""


@dataclass(frozen=True, slots=True)
class Definition:
    """`{{ define "name" }}`."""

    name: str
    position: Position


@dataclass(frozen=True, slots=True)
class Templates(Document):
    """A file of notification templates."""

    @property
    def text(self) -> str:
        """The file's text."""
        return self.tree.text

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """Every template the file defines."""
        found = []
        for action in actions(self.text):
            name = re.match(r'(?:define|block)\s+"([^"]+)"', action.body)
            if name:
                at = self.tree.place(action.offset, action.offset + len(action.body))
                found.append(Definition(name[1], at))
        return tuple(found)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A `.tmpl` or `.gotmpl` file that defines a template."""
        named = source.path.suffix in (".tmpl", ".gotmpl", ".gotemplate")
        return named and ("define" in source.text or source.named("*alertmanager*/*"))


def actions(text: str) -> Iterator[Action]:
    """Every action of a template text, in order; comments are left out."""
    for match in _ACTION.finditer(text):
        if match["body"] is not None:
            yield Action(match["body"].strip(), match.start())


def faults(text: str) -> Iterator[tuple[int, int, str]]:
    """What cannot be parsed: offset, length and what is wrong."""
    stack: list[Action] = []
    end = 0
    for match in _ACTION.finditer(text):
        yield from _stray(text, end, match.start())
        end = match.end()
        if match["body"] is None:
            continue
        action = Action(match["body"].strip(), match.start())
        if not action.body:
            yield action.offset, len(match[0]), "an empty action"
        if action.keyword in _OPENERS:
            stack.append(action)
        elif action.keyword == "end":
            if stack:
                stack.pop()
            else:
                yield action.offset, len(match[0]), "`end` without anything open"
        elif action.keyword == "else" and not stack:
            yield action.offset, len(match[0]), "`else` outside of if, range or with"
    yield from _stray(text, end, len(text))
    for action in stack:
        yield action.offset, len(action.body) + 4, f"`{action.keyword}` is never closed by an `end`"


def _stray(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    opened = text.find("{{", start, end)
    if opened >= 0:
        yield opened, 2, "an action that is not closed by }}"
