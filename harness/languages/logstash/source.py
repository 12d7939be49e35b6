"""What a configuration says at a place, in its own words, for traces and coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.languages.logstash.ast import Arm, Branch, PluginNode, Statement, Text

_LONGEST = 200
_GAP = re.compile(r"(?:\s|#[^\n]*)+")
# Strings and expressions, in which a brace, a blank and a number sign are text.
_KEPT = re.compile(r"""(?s)"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|~\s*/(?:\\.|[^/\\])*/""")


def id_of(plugin: PluginNode) -> str:
    """The `id` a plugin is given in the configuration, or nothing."""
    for attribute in plugin.attributes:
        if attribute.name == "id" and isinstance(attribute.value, Text):
            return attribute.value.value
    return ""


def named(plugin: PluginNode) -> str:
    """A plugin as people speak of it: its name and its id."""
    return f"{plugin.name} {id_of(plugin)}".rstrip()


def plugins(body: tuple[Statement, ...]) -> Iterator[PluginNode]:
    """All plugins, in the order of the file."""
    for statement in body:
        if isinstance(statement, PluginNode):
            yield statement
        else:
            for arm in statement.arms:
                yield from plugins(arm.body)


def branches(body: tuple[Statement, ...]) -> Iterator[Branch]:
    """All branches, in the order of the file, outer ones before those inside of them."""
    for statement in body:
        if isinstance(statement, Branch):
            yield statement
            for arm in statement.arms:
                yield from branches(arm.body)


class Wording:
    """The text of a configuration, to quote from."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def arm(self, arm: Arm) -> str:
        """An arm's head on one line, e.g. `else if [status] >= 500`."""
        start = self._starts[arm.position.line - 1] + arm.position.column - 1
        head = "".join(_head(self._text, start)).strip()
        return head if len(head) <= _LONGEST else f"{head[:_LONGEST]} …"


def _head(text: str, start: int) -> Iterator[str]:
    """The text up to the body's brace, its comments and line breaks left out."""
    index = start
    while index < len(text) and text[index] != "{":
        kept = _KEPT.match(text, index)
        gap = None if kept else _GAP.match(text, index)
        if gap:
            yield " "
        else:
            yield kept.group() if kept else text[index]
        found = kept or gap
        index = found.end() if found else index + 1
