"""PromQL as frozen values with positions: parsed by promql-parser, located by a scan of the same text.

promql-parser knows the language of Prometheus 2.45 and tells no positions. What newer Prometheus accepts must not
become a false finding: `parse` tells what is wrong from what is only unknown here; promtool has the last word on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import promql_parser

COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<word>[A-Za-z_:][\w:]*)"""
    r"""|(?P<number>[0-9][\w.]*|\.[0-9]+)|(?P<operator>==|!=|>=|<=|=~|!~|[-+*/%^<>=])|(?P<mark>[(){}\[\],@])"""
)
_NEWER = re.compile(
    r"\b(smoothed|anchored|fill|fill_left|fill_right|info|first_over_time|ts_of_\w+)\b|\[[^\]]*[-+*/][^\]]*\]"
)
_UNKNOWN_FUNCTION = re.compile(r"unknown function with name '(\w+)'")
_IN_CALL = re.compile(r"in call to (?:function )?'(\w+)'")
_CONDITION = re.compile(r"""[\w.]+\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*\"""")
_SELECTOR = re.compile(r"""\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}""")
_QUOTED = re.compile(r"(?:syntax: |character inside brackets: '|illegal regex for )([^']+)")


class PromqlError(ValueError):
    """An expression that cannot be parsed. `newer` is true when it may be syntax of a newer Prometheus."""

    def __init__(self, message: str, offset: int, length: int, *, newer: bool) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.newer = newer


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label."""

    label: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float
    offset: int


@dataclass(frozen=True, slots=True)
class String:
    """A text argument."""

    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels; `range_seconds` is None for an instant selector."""

    metric: str
    matchers: tuple[Matcher, ...]
    range_seconds: float | None
    shift_seconds: float
    offset: int
    length: int
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class Subquery:
    """`expr[range:step]`."""

    inner: Node
    range_seconds: float
    step_seconds: float | None
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function call."""

    function: str
    arguments: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregation; `keeps` tells whether `labels` are those kept (`by`) or those dropped (`without`)."""

    operator: str
    inner: Node
    parameter: Node | None
    keeps: bool
    labels: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands. `matching` is None without `on` or `ignoring`; `group` is left or right with `group_left/right`."""

    operator: str
    left: Node
    right: Node
    boolean: bool
    matching: tuple[str, ...] | None
    matches_on: bool
    group: Literal["", "left", "right"]
    included: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Negative:
    """`-expr`."""

    inner: Node
    offset: int


Node = Number | String | Selector | Subquery | Call | Aggregate | Binary | Negative


def parse(text: str) -> Node:
    """Parse an expression. Raises PromqlError."""
    outcome = _parsed(text)
    if isinstance(outcome, PromqlError):
        raise outcome.with_traceback(None)
    return outcome


@cache
def _parsed(text: str) -> Node | PromqlError:
    """Parse once: many checks ask for the same expression."""
    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        return _error(text, str(error))
    except BaseException as error:  # promql-parser panics on some input, and a panic is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return PromqlError("cannot be parsed", 0, len(text), newer=True)
    try:
        return _Builder(text).node(tree)
    except RecursionError:
        return PromqlError("is nested too deep", 0, 1, newer=True)


def _error(text: str, message: str) -> PromqlError:
    function = _UNKNOWN_FUNCTION.search(message)
    where = function or _IN_CALL.search(message) or _QUOTED.search(message)
    found = re.search(rf"\b{re.escape(where[1])}\b" if where and where[1].isidentifier() else "$^", text)
    start, end = (found.start(), found.end()) if found else (0, 0)
    if not found and where and where[1] in text:
        start = text.index(where[1])
        end = start + len(where[1])
    if not end:
        start, end = _suspect(text, message)
    newer = bool(function) or bool(_NEWER.search(text))
    return PromqlError(message, start, max(1, end - start), newer=newer)


def _suspect(text: str, message: str) -> tuple[int, int]:
    """Where a syntax error without a place most likely is: a parenthesis without its partner, or the odd token out."""
    opened: list[int] = []
    previous = ""
    for match in _TOKEN.finditer(text):
        token, kind = match[0], match.lastgroup
        if token in "([{" and kind == "mark":
            opened.append(match.start())
        elif token in ")]}" and kind == "mark":
            if not opened:
                return match.start(), match.end()
            opened.pop()
        if kind == "operator" and previous == "operator" and token not in "+-":
            return match.start(), match.end()
        if kind in ("operator", "word", "number"):
            previous = kind
        elif kind == "mark":
            previous = "mark"
    if opened and "unclosed" in message:
        return opened[-1], opened[-1] + 1
    unknown = re.search(r"[$;&|?~!](?![=~])", text)
    if unknown:
        return unknown.start(), unknown.end()
    stripped = len(text.rstrip())
    return (max(0, stripped - 1), stripped) if previous == "operator" else (0, stripped)


class _Builder:
    """Turns the parser's tree into ours, walking the tokens along in source order to find each node's place."""

    def __init__(self, text: str) -> None:
        self.tokens = [m for m in _TOKEN.finditer(text) if m.lastgroup != "comment"]
        self.next = 0

    def node(self, tree: Any) -> Node:
        return getattr(self, f"_{type(tree).__name__}")(tree)  # type: ignore[no-any-return]

    def _seek(self, *texts: str) -> re.Match[str] | None:
        """The next token that is one of `texts`; the place stays when there is none."""
        for index in range(self.next, len(self.tokens)):
            token = self.tokens[index]
            if token[0] in texts and token.lastgroup != "string":
                self.next = index + 1
                return token
        return None

    def _skip_group(self, *words: str) -> None:
        """Skip `word (…)` for as long as the next token is one of the words."""
        while self.next < len(self.tokens) and self.tokens[self.next][0].lower() in words:
            self.next += 1
            if self.next < len(self.tokens) and self.tokens[self.next][0] == "(":
                self._seek(")")

    def _offset(self, *texts: str) -> int:
        token = self._seek(*texts)
        return token.start() if token else self.tokens[min(self.next, len(self.tokens) - 1)].start()

    def _ParenExpr(self, tree: Any) -> Node:  # noqa: N802 - named after the parser's class
        return self.node(tree.expr)

    def _NumberLiteral(self, tree: Any) -> Node:  # noqa: N802
        for index in range(self.next, len(self.tokens)):
            token = self.tokens[index]
            if token.lastgroup == "number" or token[0].lower() in ("inf", "nan"):
                self.next = index + 1
                return Number(float(tree.val), token.start())
        return Number(float(tree.val), 0)

    def _StringLiteral(self, tree: Any) -> Node:  # noqa: N802
        for index in range(self.next, len(self.tokens)):
            if self.tokens[index].lastgroup == "string":
                self.next = index + 1
                return String(tree.val, self.tokens[index].start())
        return String(tree.val, 0)

    def _UnaryExpr(self, tree: Any) -> Node:  # noqa: N802
        offset = self._offset("-", "+")
        return Negative(self.node(tree.expr), offset)

    def _VectorSelector(self, tree: Any, range_seconds: float | None = None) -> Node:  # noqa: N802
        matchers = tuple(Matcher(m.name, _OPERATORS[str(m.op)], m.value) for m in tree.matchers.matchers)
        named = tree.name or next((m.value for m in matchers if m.label == "__name__" and m.op == "="), "")
        token = self._seek(tree.name) if tree.name else None
        offset = token.start() if token else self._offset("{")
        if not token or (self.next < len(self.tokens) and self.tokens[self.next][0] == "{"):
            self._seek("}")
        shift = tree.offset.total_seconds() if tree.offset else 0.0
        kept = tuple(m for m in matchers if m.label != "__name__")
        length = len(token[0]) if token else 1
        return Selector(named, kept, range_seconds, shift, offset, length, bool(tree.matchers.or_matchers))

    def _MatrixSelector(self, tree: Any) -> Node:  # noqa: N802
        selector = self._VectorSelector(tree.vector_selector, tree.range.total_seconds())
        self._seek("]")
        return selector

    def _SubqueryExpr(self, tree: Any) -> Node:  # noqa: N802
        inner = self.node(tree.expr)
        offset = self._offset("[")
        self._seek("]")
        step = tree.step.total_seconds() if tree.step else None
        return Subquery(inner, tree.range.total_seconds() if tree.range else 0.0, step, offset)

    def _Call(self, tree: Any) -> Node:  # noqa: N802
        offset = self._offset(tree.func.name)
        return Call(tree.func.name, tuple(self.node(argument) for argument in tree.args), offset)

    def _AggregateExpr(self, tree: Any) -> Node:  # noqa: N802
        operator = str(tree.op)
        offset = self._offset(operator, operator.upper())
        self._skip_group("by", "without")
        parameter = self.node(tree.param) if tree.param is not None else None
        inner = self.node(tree.expr)
        if self.next < len(self.tokens) and self.tokens[self.next][0] == ")":
            following = self.tokens[self.next + 1][0].lower() if self.next + 1 < len(self.tokens) else ""
            if following in ("by", "without"):
                self.next += 1
                self._skip_group("by", "without")
        without = tree.modifier is not None and str(tree.modifier.type).endswith("Without")
        labels = tuple(tree.modifier.labels) if tree.modifier is not None else ()
        return Aggregate(operator, inner, parameter, not without, labels, offset)

    def _BinaryExpr(self, tree: Any) -> Node:  # noqa: N802
        left = self.node(tree.lhs)
        operator = str(tree.op)
        offset = self._offset(operator, operator.upper())
        self._skip_group("bool", "on", "ignoring", "group_left", "group_right")
        right = self.node(tree.rhs)
        modifier = tree.modifier
        matching = modifier.matching if modifier is not None else None
        card = str(modifier.card).rpartition(".")[2] if modifier is not None else ""
        groups: dict[str, Literal["left", "right"]] = {"ManyToOne": "left", "OneToMany": "right"}
        return Binary(
            operator,
            left,
            right,
            bool(modifier is not None and modifier.return_bool),
            tuple(matching.labels) if matching is not None else None,
            matching is not None and str(matching.type).endswith("Include"),
            groups.get(card, ""),
            tuple(modifier.group_labels or ()) if modifier is not None else (),
            offset,
        )


def _laid_out(text: str) -> str:
    """The expression as promql-parser writes it, the conditions of each selector in one order."""
    return _SELECTOR.sub(
        lambda selector: "{" + ",".join(sorted(_CONDITION.findall(selector.group()))) + "}",
        str(promql_parser.parse(text)),
    )


def same(one: str, other: str) -> bool:
    """Whether two texts are one expression, however they are laid out; unparsable ones when they are equal."""
    try:
        return _laid_out(one) == _laid_out(other)
    except ValueError:
        return " ".join(one.split()) == " ".join(other.split())


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, in source order."""
    match node:
        case Subquery(inner=inner) | Negative(inner=inner):
            return (inner,)
        case Aggregate(inner=inner, parameter=parameter):
            return (parameter, inner) if parameter is not None else (inner,)
        case Call(arguments=arguments):
            return arguments
        case Binary(left=left, right=right):
            return (left, right)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in source order."""
    yield node
    for child in children(node):
        yield from walk(child)


def selectors(node: Node) -> tuple[Selector, ...]:
    """Every selector of an expression."""
    return tuple(found for found in walk(node) if isinstance(found, Selector))


def has_comparison(node: Node) -> bool:
    """Whether anything in the expression filters by value."""
    return any(isinstance(n, Binary) and n.operator in COMPARISONS and not n.boolean for n in walk(node))
