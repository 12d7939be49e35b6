"""Reads a file of cases: YAML whose nodes keep their place, so that a failing case can be shown and rewritten there.

pipeline: ../logstash.conf         # relative to this file
env: {INDEX: logs}                 # of `${INDEX}`
given: {host: {name: web-1}}       # beneath every input
ignore: ["@version"]
cases:
  a line of the access log:
    input: "GET /a 200"            # raw: an event with this message; or an event; or a list of either
    expect: {message: !any , path: /a, status: 200}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import yaml

from harness.errors import UnreadableError
from harness.languages.logstash.cases.values import NodeError, value_of
from harness.languages.logstash.event import Timestamp
from harness.languages.logstash.field import ReferenceSyntaxError, path_of
from harness.languages.logstash.onigmo import PatternSyntaxError, compiled
from harness.model import Position

_TOP = {"pipeline", "env", "ecs_compatibility", "now", "given", "ignore", "cases"}
_CASE = {"input", "expect", "contains", "refused", "outputs", "ignore", "env", "given"}


@dataclass(frozen=True, slots=True)
class Case:
    """Inputs, and what is expected of them."""

    name: str
    position: Position
    inputs: tuple[Mapping[str, Any], ...]
    node: yaml.MappingNode
    env: Mapping[str, str]
    expect: tuple[Any, ...] | None = None
    """The events that come out, compared as a whole; empty when all are dropped; None when nothing was expected."""
    expect_node: yaml.Node | None = None
    partial: bool = False
    """Whether fields that are not listed are fine (`contains` instead of `expect`)."""
    refused: str | None = None
    outputs: Any = None
    """Ids of the outputs events go to, or ids with some of their rendered options."""
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases for one pipeline."""

    file: Path
    text: str
    pipeline: Path
    pipeline_at: Position
    cases: tuple[Case, ...]
    now: float
    ecs_compatibility: str


def load(path: Path) -> CaseFile:
    """Read a file of cases; raises UnreadableError with the place of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the cases cannot be read: {error}", at=Position(str(path))) from error
    return parsed(path, text)


def parsed(path: Path, text: str) -> CaseFile:
    """Read the text of a file of cases; raises UnreadableError."""
    return _Reader(path, text).file()


class _Reader:
    """Turns nodes into values, and complains at their places."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def file(self) -> CaseFile:
        top = self._mapping(self._root(), "a file of cases", _TOP)
        for needed in ("pipeline", "cases"):
            if needed not in top:
                raise UnreadableError(f"`{needed}:` is missing", at=Position(str(self.path), 1, 1))
        pipeline = self._value(top["pipeline"])
        if not isinstance(pipeline, str):
            self._fail(top["pipeline"], "the path of a pipeline's configuration is expected")
        cases = top["cases"]
        if not isinstance(cases, yaml.MappingNode) or not cases.value:
            self._fail(cases, "cases are expected: a name and what goes in, each")
        return CaseFile(
            self.path,
            self.text,
            Path(os.path.normpath(self.path.parent / pipeline)),
            self.at(top["pipeline"]),
            tuple(self._case(key, value, top) for key, value in cases.value),
            self._now(top.get("now")),
            str(self._value(top["ecs_compatibility"])) if "ecs_compatibility" in top else "disabled",
        )

    def _root(self) -> yaml.Node:
        try:
            root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = Position(str(self.path), mark.line + 1, mark.column + 1) if mark else Position(str(self.path), 1, 1)
            raise UnreadableError(f"no valid YAML: {error.problem or error}", at=at) from error
        except (yaml.YAMLError, ValueError) as error:
            raise UnreadableError(f"no valid YAML: {error}", at=Position(str(self.path), 1, 1)) from error
        if root is None:
            raise UnreadableError("the file is empty", at=Position(str(self.path), 1, 1))
        return root

    def _now(self, node: yaml.Node | None) -> float:
        """The read time of events that bring none."""
        text = "2026-01-01T00:00:00.000Z" if node is None else str(self._value(node))
        stamp = Timestamp.coerce(text)
        if stamp is None:
            self._fail(node, "`now` is an ISO 8601 time such as 2026-01-01T00:00:00Z")
        moment: datetime = stamp.moment
        return moment.timestamp()

    def _case(self, key: yaml.Node, node: yaml.Node, top: Mapping[str, yaml.Node]) -> Case:
        given = self._mapping(node, "a case", _CASE)
        if "input" not in given:
            self._fail(key, "the case has no `input`")
        if "expect" in given and "contains" in given:
            self._fail(given["contains"], "a case has either `expect` or `contains`")
        expectation = given.get("expect", given.get("contains"))
        assert isinstance(node, yaml.MappingNode)
        return Case(
            name=str(self._value(key)),
            position=self.at(key),
            inputs=self._inputs(given["input"], [one["given"] for one in (top, given) if "given" in one]),
            node=node,
            expect=None if expectation is None else self._events(expectation),
            expect_node=expectation,
            partial="contains" in given,
            refused=self._expression(given["refused"]) if "refused" in given else None,
            outputs=self._value(given["outputs"]) if "outputs" in given else None,
            ignore=tuple(name for one in (top, given) for name in self._names(one.get("ignore"))),
            env={name: text for one in (top, given) for name, text in self._env(one.get("env")).items()},
        )

    def _inputs(self, node: yaml.Node, beneath: list[yaml.Node]) -> tuple[Mapping[str, Any], ...]:
        base: dict[str, Any] = {}
        for one in beneath:
            value = self._value(one)
            if not isinstance(value, dict):
                self._fail(one, "fields are expected")
            base = _laid_over(base, value)
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(_laid_over(base, self._input(one)) for one in nodes)

    def _input(self, node: yaml.Node) -> dict[str, Any]:
        value = self._value(node)
        if isinstance(value, dict):
            return value
        if not isinstance(value, str):
            self._fail(node, "an event or a raw line is expected", "Quote a line that YAML takes for something else.")
        return {"message": value}

    def _events(self, node: yaml.Node) -> tuple[Any, ...]:
        if isinstance(node, yaml.ScalarNode) and node.value == "dropped":
            return ()
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        events = tuple(self._value(one) for one in nodes)
        for one, event in zip(nodes, events, strict=True):
            if not isinstance(event, dict):
                self._fail(one, "an event, a list of events or `dropped` is expected")
        return events

    def _names(self, node: yaml.Node | None) -> list[str]:
        value = [] if node is None else self._value(node)
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self._fail(node, "a list of fields is expected")
        for name in value:
            try:
                path_of(name)
            except ReferenceSyntaxError as error:
                self._fail(node, str(error))
        return value

    def _env(self, node: yaml.Node | None) -> dict[str, str]:
        value = {} if node is None else self._value(node)
        if not isinstance(value, dict):
            self._fail(node, "variables are expected")
        return {str(name): str(text) for name, text in value.items()}

    def _expression(self, node: yaml.Node) -> str:
        text = str(self._value(node))
        try:
            compiled(text)
        except PatternSyntaxError as error:
            self._fail(node, str(error))
        return text

    def _mapping(self, node: yaml.Node, what: str, known: set[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"{what} is expected: names and values")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                self._fail(key, f"`{name}` is not known here", f"Known: {', '.join(sorted(known))}.")
            found[name] = value
        return found

    def _value(self, node: yaml.Node) -> Any:
        try:
            return value_of(node)
        except NodeError as error:
            self._fail(error.node, str(error), error.hint)

    def at(self, node: yaml.Node | None) -> Position:
        """Where a node stands."""
        mark = None if node is None else node.start_mark
        return Position(str(self.path), mark.line + 1, mark.column + 1) if mark else Position(str(self.path), 1, 1)

    def _fail(self, node: yaml.Node | None, message: str, hint: str = "") -> NoReturn:
        raise UnreadableError(message, at=self.at(node), hint=hint)


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Fields over others; objects are merged."""
    found = dict(base)
    for name, value in over.items():
        below = found.get(name)
        found[name] = _laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return found
