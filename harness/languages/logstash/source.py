"""What a configuration says at a place, in its own words, for traces and coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.languages.logstash.ast import Arm, Branch, PluginNode, Statement, Text

_SPACE = re.compile(r"\s*(?:#[^\n]*)?\s+")
_SKIPPED = re.compile(r"""(?s)"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|~\s*/(?:\\.|[^/\\])*/|#[^\n]*""")


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
        return _SPACE.sub(" ", self._text[start : _opening_brace(self._text, start)]).strip()


def _opening_brace(text: str, start: int) -> int:
    """Where the body's brace stands, not one inside of a string, an expression or a comment."""
    index = start
    while index < len(text) and text[index] != "{":
        skipped = _SKIPPED.match(text, index)
        index = skipped.end() if skipped else index + 1
    return index
