"""Reads KQL as Kibana does: the same ordered choices, and on failure the same "Expected … but … found".

Kibana's parser is generated from a parsing expression grammar. Its message names everything that could have stood at
the furthest place any alternative reached; a named rule (a field name, a value) counts as one thing, seen from its
beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import UnreadableError
from harness.languages.kql.nodes import And, Is, Literal, Nested, Node, Not, Operator, Or, Range, Term, Wildcard
from harness.model import Position

T = TypeVar("T")

SOURCE = "KQL"
"""The file name in positions within a query that came from no file."""

DEEPEST = 50
"""Parentheses within parentheses that are read; far beyond what a person writes, far below the interpreter's limit."""

EXCERPT = 60
"""Characters shown on either side of an error."""

_SPACE = r"[ \t\r\n\xa0]"
_SPACES = re.compile(f"{_SPACE}*")
_OR = re.compile(f"{_SPACE}+or{_SPACE}+", re.IGNORECASE)
_AND = re.compile(f"{_SPACE}+and{_SPACE}+", re.IGNORECASE)
_NOT = re.compile(f"not{_SPACE}+", re.IGNORECASE)
_KEYWORD = re.compile(f"{_SPACE}+(?:or|and){_SPACE}+|not{_SPACE}+", re.IGNORECASE)
_ESCAPED_KEYWORD = re.compile(r"\\(or|and|not)", re.IGNORECASE)
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_WHITESPACE = {"\\t": "\t", "\\r": "\r", "\\n": "\n"}
_SPECIAL = frozenset('\\():<>"*{}')
_OPERATORS: tuple[tuple[str, Operator], ...] = (("<=", "lte"), (">=", "gte"), ("<", "lt"), (">", "gt"))
_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}

# What JavaScript's trim() removes; Python's strip() also takes control characters that are part of a value there.
_TRIMMED = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


@dataclass(frozen=True, slots=True)
class _Asterisk:
    """An asterisk that was not escaped, among the characters of a literal."""


_ASTERISK = _Asterisk()


class KqlError(UnreadableError):
    """A query that Kibana would refuse; `offset` is where in the query."""

    def __init__(self, message: str, *, at: Position, hint: str, offset: int) -> None:
        super().__init__(message, at=at, hint=hint)
        self.offset = offset


def parse(query: str, *, leading_wildcards: bool = True) -> Node:
    """The query as a tree; an empty query matches everything. Raises UnreadableError with line and column."""
    return _Parser(query, leading_wildcards).start()


def error_at(query: str, offset: int, message: str) -> KqlError:
    """A failure at a place in a query, with the line of the query and a caret below it."""
    before = query[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    # Of an endless line only the neighbourhood is shown.
    cut = max(0, column - EXCERPT)
    text = query.split("\n")[line - 1][cut : column + EXCERPT]
    hint = f"{text}\n{' ' * (column - 1 - cut)}^"
    return KqlError(message, at=Position(SOURCE, line, column), hint=hint, offset=offset)


class _Parser:
    """One reading of one query. A rule returns what it read, or None with the position where it was."""

    def __init__(self, text: str, leading_wildcards: bool) -> None:
        self.text = text
        self.leading_wildcards = leading_wildcards
        self.place = 0
        self.depth = 0
        self.silent = 0
        self.furthest = 0
        self.expected: set[str] = set()

    def start(self) -> Node:
        """The whole query."""
        self._spaces()
        node = self._or_query()
        self._spaces()
        if self.place < len(self.text):
            self._fail("end of input")
            raise self._syntax_error()
        return node or Is(Wildcard(("", "")), Wildcard(("", "")))

    # what is common to all rules

    def _syntax_error(self) -> KqlError:
        found = f'"{self.text[self.furthest]}"' if self.furthest < len(self.text) else "end of input"
        message = f"Expected {', '.join(sorted(self.expected))} but {found} found."
        return error_at(self.text, self.furthest, message)

    def _fail(self, expected: str) -> None:
        if self.silent or self.place < self.furthest:
            return
        if self.place > self.furthest:
            self.furthest = self.place
            self.expected = set()
        self.expected.add(expected)

    def _attempt(self, rule: Callable[[], T]) -> T:
        """What the rule reads, or None with nothing consumed."""
        before = self.place
        result = rule()
        if result is None:
            self.place = before
        return result

    def _named(self, name: str, rule: Callable[[], T]) -> T:
        """As `_attempt`, but a failure anywhere inside is told as one expectation at the beginning."""
        self.silent += 1
        result = self._attempt(rule)
        self.silent -= 1
        if result is None:
            self._fail(name)
        return result

    def _literal(self, text: str) -> bool:
        if self.text.startswith(text, self.place):
            self.place += len(text)
            return True
        self._fail(f'"{text}"')
        return False

    def _pattern(self, pattern: re.Pattern[str], name: str) -> bool:
        found = pattern.match(self.text, self.place)
        if found is None:
            self._fail(name)
            return False
        self.place = found.end()
        return True

    def _spaces(self) -> None:
        found = _SPACES.match(self.text, self.place)
        self.place = found.end() if found else self.place
        self._fail("whitespace")

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise error_at(self.text, self.place, f"parentheses nested more than {DEEPEST} deep")
        yield
        self.depth -= 1

    def _joined(self, one: Callable[[], Node | None], keyword: re.Pattern[str], name: str) -> tuple[Node, ...] | None:
        """One or more of a rule with a keyword between them."""
        head = one()
        if head is None:
            return None
        nodes = [head]
        while True:
            following = self._attempt(lambda: one() if self._pattern(keyword, name) else None)
            if following is None:
                return tuple(nodes)
            nodes.append(following)

    # queries

    def _or_query(self) -> Node | None:
        nodes = self._joined(self._and_query, _OR, "OR")
        return _one_of(nodes, Or)

    def _and_query(self) -> Node | None:
        nodes = self._joined(self._not_query, _AND, "AND")
        return _one_of(nodes, And)

    def _not_query(self) -> Node | None:
        return self._attempt(self._negated_query) or self._sub_query()

    def _negated_query(self) -> Node | None:
        if not self._pattern(_NOT, "NOT"):
            return None
        query = self._sub_query()
        return Not(query) if query else None

    def _sub_query(self) -> Node | None:
        return self._attempt(lambda: self._enclosed("(", self._or_query, ")")) or self._nested_query()

    def _enclosed(self, opening: str, rule: Callable[[], Node | None], closing: str) -> Node | None:
        if not self._literal(opening):
            return None
        with self._deeper():
            self._spaces()
            node = rule()
            if node is None:
                return None
            self._spaces()
        return node if self._literal(closing) else None

    def _nested_query(self) -> Node | None:
        return self._attempt(self._nested) or self._expression()

    def _nested(self) -> Node | None:
        field = self._field_before(":")
        if field is None:
            return None
        query = self._enclosed("{", self._or_query, "}")
        return Nested(field, query) if query else None

    # expressions

    def _expression(self) -> Node | None:
        return self._attempt(self._field_range) or self._attempt(self._field_value) or self._free_text()

    def _field_range(self) -> Node | None:
        field = self._named("field name", self._term)
        if field is None:
            return None
        self._spaces()
        operator = next((name for text, name in _OPERATORS if self._literal(text)), None)
        if operator is None:
            return None
        self._spaces()
        value = self._named("literal", self._term)
        return Range(field, operator, value) if value else None

    def _field_value(self) -> Node | None:
        field = self._field_before(":")
        return self._list_of_values(field) if field else None

    def _free_text(self) -> Node | None:
        return self._value(Literal(None, at=self.place))

    def _field_before(self, text: str) -> Term | None:
        field = self._named("field name", self._term)
        if field is None:
            return None
        self._spaces()
        if not self._literal(text):
            return None
        self._spaces()
        return field

    # values of one field

    def _list_of_values(self, field: Term) -> Node | None:
        listed = self._attempt(lambda: self._enclosed("(", lambda: self._or_values(field), ")"))
        return listed or self._value(field)

    def _or_values(self, field: Term) -> Node | None:
        return _one_of(self._joined(lambda: self._and_values(field), _OR, "OR"), Or)

    def _and_values(self, field: Term) -> Node | None:
        return _one_of(self._joined(lambda: self._not_values(field), _AND, "AND"), And)

    def _not_values(self, field: Term) -> Node | None:
        def negated() -> Node | None:
            values = self._list_of_values(field) if self._pattern(_NOT, "NOT") else None
            return Not(values) if values else None

        return self._attempt(negated) or self._list_of_values(field)

    def _value(self, field: Term) -> Node | None:
        value = self._named("value", self._term)
        if value is None:
            return None
        if isinstance(value, Wildcard) and value.leading and not self.leading_wildcards:
            message = "Leading wildcards are disabled. See query:allowLeadingWildcards in Advanced Settings."
            raise error_at(self.text, value.at, message)
        return Is(field, value)

    # names and values

    def _term(self) -> Term | None:
        return self._attempt(self._quoted) or self._unquoted()

    def _quoted(self) -> Term | None:
        at = self.place
        if not self.text.startswith('"', at):
            return None
        self.place += 1
        characters: list[str] = []
        while self.place < len(self.text):
            if self.text[self.place] == '"':
                self.place += 1
                return Literal(_joined_surrogates("".join(characters)), quoted=True, at=at)
            characters.append(self._escaped('\\"') or self._next())
        return None

    def _unquoted(self) -> Term | None:
        at = self.place
        characters: list[str | _Asterisk] = []
        while (character := self._unquoted_character()) is not None:
            characters.append(character)
        return _unquoted_term(characters, at) if characters else None

    def _unquoted_character(self) -> str | _Asterisk | None:
        escaped = self._escaped("".join(_SPECIAL))
        if escaped is not None:
            return escaped
        keyword = _ESCAPED_KEYWORD.match(self.text, self.place)
        if keyword:
            self.place = keyword.end()
            return keyword[1]
        if self.place >= len(self.text):
            return None
        if self.text[self.place] == "*":
            self.place += 1
            return _ASTERISK
        if self.text[self.place] in _SPECIAL or _KEYWORD.match(self.text, self.place):
            return None
        return self._next()

    def _next(self) -> str:
        self.place += 1
        return self.text[self.place - 1]

    def _escaped(self, special: str) -> str | None:
        """The character a backslash sequence stands for, or None when there is none here."""
        pair = self.text[self.place : self.place + 2]
        if len(pair) < 2 or pair[0] != "\\":
            return None
        unicode = _UNICODE.match(self.text, self.place)
        if pair not in _WHITESPACE and pair[1] not in special and not unicode:
            return None
        self.place += 6 if unicode else 2
        return chr(int(unicode[1], 16)) if unicode else _WHITESPACE.get(pair, pair[1])


def _one_of(nodes: tuple[Node, ...] | None, kind: Callable[[tuple[Node, ...]], Node]) -> Node | None:
    """Several nodes as one; a single node stays itself."""
    if not nodes:
        return None
    return nodes[0] if len(nodes) == 1 else kind(nodes)


def _unquoted_term(characters: list[str | _Asterisk], at: int) -> Term:
    """What the characters of an unquoted literal mean, with the white space around them taken away."""
    parts = [""]
    for character in characters:
        if isinstance(character, str):
            parts[-1] += character
        else:
            parts.append("")
    parts[0] = parts[0].lstrip(_TRIMMED)
    parts[-1] = parts[-1].rstrip(_TRIMMED)
    if len(parts) > 1:
        return Wildcard(tuple(_joined_surrogates(part) for part in parts), at)
    text = _joined_surrogates(parts[0])
    return Literal(_CONSTANTS.get(text, text), at=at)


def _joined_surrogates(text: str) -> str:
    r"""Two escapes such as `\ud83d\ude00` are one character, as they are in JavaScript's strings."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
