"""Rewrites what cases expect to what came out, touching nothing else: comments, order and matchers that hold stay.

Every change is an edit of the file's text at the place of a YAML node.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from harness.languages.logstash.cases.matchers import MISSING, holds
from harness.languages.logstash.cases.running import Outcome
from harness.languages.logstash.cases.values import value_of


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of text that takes the place of another."""

    start: int
    end: int
    text: str


def updated(text: str, outcomes: Sequence[Outcome]) -> str:
    """The file's text with the expectations of these outcomes rewritten."""
    writer = _Writer(text)
    edits = sorted(
        (edit for outcome in outcomes for edit in writer.case(outcome)), key=lambda edit: edit.start, reverse=True
    )
    for edit in edits:
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Writer:
    """Finds the edits that make nodes hold."""

    def __init__(self, text: str) -> None:
        self.text = text

    def case(self, outcome: Outcome) -> Iterator[Edit]:
        """The edits of one case."""
        case, events = outcome.case, list(outcome.actual)
        node = case.expect_node
        if node is None:
            actual: Any = events[0] if len(events) == 1 else events or "dropped"
            yield self._inserted(case.node, "expect", actual)
            return
        expected = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if len(expected) == len(events) and all(isinstance(one, yaml.MappingNode) for one in expected):
            for one, event in zip(expected, events, strict=True):
                yield from self._mapping(one, event, partial=case.partial)
            return
        yield self._rewritten(case.node, node, events[0] if len(events) == 1 else events or "dropped")

    def _rewritten(self, case: yaml.MappingNode, node: yaml.Node, actual: Any) -> Edit:
        """All of what a case expects; on lines of its own, unless the case itself stands on one."""
        key = next(key for key, value in case.value if value is node)
        if case.flow_style or not isinstance(actual, dict | list):
            return self._replaced(node, actual)
        column = key.start_mark.column + 2
        start = self.text.index(":", key.end_mark.index) + 1
        return Edit(start, self._end(node), f"\n{' ' * column}{_indented(_block(actual), column)}")

    def _node(self, node: yaml.Node, actual: Any, *, partial: bool) -> Iterator[Edit]:
        if holds(value_of(node), actual):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(actual, dict) and node.value and actual:
            yield from self._mapping(node, actual, partial=partial)
        elif isinstance(node, yaml.SequenceNode) and isinstance(actual, list) and len(node.value) == len(actual):
            for item, value in zip(node.value, actual, strict=True):
                yield from self._node(item, value, partial=partial)
        else:
            yield self._replaced(node, actual)

    def _mapping(self, node: yaml.MappingNode, actual: dict[str, Any], *, partial: bool) -> Iterator[Edit]:
        kept = [entry for entry in node.value if not self._is_gone(entry, actual)]
        if not kept:
            yield self._replaced(node, {} if partial else actual)
            return
        for entry in node.value:
            key, value = entry
            if entry not in kept:
                yield self._removed(node, entry)
            else:
                yield from self._node(value, actual.get(str(key.value), MISSING), partial=partial)
        known = {str(key.value) for key, _ in node.value}
        new = {} if partial else {name: value for name, value in actual.items() if name not in known}
        if new:
            yield self._added(node, kept, new)

    def _is_gone(self, entry: tuple[yaml.Node, yaml.Node], actual: dict[str, Any]) -> bool:
        key, value = entry
        return str(key.value) not in actual and not holds(value_of(value), MISSING)

    # Edits

    def _replaced(self, node: yaml.Node, actual: Any) -> Edit:
        start, end = node.start_mark.index, self._end(node)
        column = node.start_mark.column
        if isinstance(actual, dict | list) and actual and self._is_block(node):
            return Edit(start, end, _indented(_block(actual), column))
        return Edit(start, end, _flow(actual))

    def _inserted(self, node: yaml.MappingNode, name: str, actual: Any) -> Edit:
        return self._added(node, node.value, {name: actual})

    def _added(self, node: yaml.MappingNode, kept: list[tuple[yaml.Node, yaml.Node]], new: dict[str, Any]) -> Edit:
        at = self._end(kept[-1][1])
        if node.flow_style:
            return Edit(at, at, "".join(f", {_flow(name)}: {_flow(value)}" for name, value in new.items()))
        column = node.value[0][0].start_mark.column
        return Edit(at, at, f"\n{' ' * column}{_indented(_block(new), column)}")

    def _removed(self, node: yaml.MappingNode, entry: tuple[yaml.Node, yaml.Node]) -> Edit:
        index = node.value.index(entry)
        start, end = entry[0].start_mark.index, self._end(entry[1])
        if not node.flow_style:
            # The whole line with its comment; but what stands on the line before the first key (`- `) has to stay.
            line_end = self._line_end(end)
            line_start = self.text.rfind("\n", 0, start) + 1
            if self.text[line_start:start].strip():
                return Edit(start, node.value[index + 1][0].start_mark.index, "")
            return Edit(line_start, line_end, "")
        if index + 1 < len(node.value):
            return Edit(start, node.value[index + 1][0].start_mark.index, "")
        return Edit(self._end(node.value[index - 1][1]), end, "")

    def _line_end(self, offset: int) -> int:
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found + 1

    def _is_block(self, node: yaml.Node) -> bool:
        return isinstance(node, yaml.CollectionNode) and not node.flow_style

    def _end(self, node: yaml.Node) -> int:
        """Where a node's own text ends; PyYAML lets block nodes run on to what follows."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        start, end = node.start_mark.index, node.end_mark.index
        return start + len(self.text[start:end].rstrip())


def _flow(value: Any) -> str:
    """A value on one line, which is valid wherever YAML takes a value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(str(name))}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    # As an item of a list, because plain text may hold less there than on a line of its own.
    written = yaml.safe_dump([value], allow_unicode=True, width=float("inf"), default_flow_style=True).rstrip("\n")
    # A line break would need the right indentation; JSON's strings are YAML's too.
    return json.dumps(value) if "\n" in written else written[1:-1]


def _block(value: Any) -> list[str]:
    """Lines: an object has a field on each, what is inside of the fields stays on the line."""
    if isinstance(value, list):
        return [
            f"{'- ' if not number else '  '}{line}"
            for item in value
            for number, line in enumerate(_block(item) if isinstance(item, dict) and item else [_flow(item)])
        ]
    return [f"{_flow(str(name))}: {_flow(item)}" for name, item in value.items()]


def _indented(lines: list[str], column: int) -> str:
    return f"\n{' ' * column}".join(lines)
