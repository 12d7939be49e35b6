"""What a KQL query is made of, once parsed. Every name and value knows its offset in the query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

Operator = OneOf["gt", "gte", "lt", "lte"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A name or a value taken as it stands. `null`, `true` and `false` mean what they mean in JSON unless quoted."""

    value: str | bool | None
    quoted: bool = False
    at: int = 0

    @property
    def text(self) -> str:
        """The value as JavaScript writes it into a string, which is how Kibana joins paths and makes keys."""
        return self.value if isinstance(self.value, str) else {None: "null", True: "true", False: "false"}[self.value]

    def within(self, path: str) -> Literal:
        """The same name below a nested path."""
        return Literal(f"{path}.{self.text}", self.quoted, self.at)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A name or a value with unescaped asterisks; `parts` is what stands between them."""

    parts: tuple[str, ...]
    at: int = 0

    @property
    def text(self) -> str:
        """The pattern with its asterisks, nothing escaped."""
        return "*".join(self.parts)

    @property
    def lone(self) -> bool:
        """Whether it is a single `*`. Kibana does not take `**` for one."""
        return self.parts == ("", "")

    @property
    def leading(self) -> bool:
        """Whether it begins with an asterisk and is more than that."""
        return not self.lone and self.parts[0] == ""

    def within(self, path: str) -> Wildcard:
        """The same pattern below a nested path."""
        return Wildcard((f"{path}.{self.parts[0]}", *self.parts[1:]), self.at)

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` fits the pattern."""
        first, *rest = self.parts
        if not name.startswith(first):
            return False
        place = len(first)
        for part in rest[:-1]:
            found = name.find(part, place)
            if found < 0:
                return False
            place = found + len(part)
        return len(name) - place >= len(rest[-1]) and name.endswith(rest[-1])


Term = Literal | Wildcard


@dataclass(frozen=True, slots=True)
class Is:
    """`field: value`, or free text when the field is the literal null."""

    field: Term
    value: Term


@dataclass(frozen=True, slots=True)
class Range:
    """`field > value` and its kind."""

    field: Term
    operator: Operator
    value: Term


@dataclass(frozen=True, slots=True)
class Not:
    """`not query`."""

    query: Node


@dataclass(frozen=True, slots=True)
class And:
    """Queries that must all match."""

    queries: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Queries of which one must match."""

    queries: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """`path: { query }`: the query holds within one object of a nested field."""

    path: Term
    query: Node


Node = Is | Range | Not | And | Or | Nested


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of a field: its full name, the offset in the query, and what is asked of it."""

    name: str
    at: int
    pattern: Wildcard | None
    operator: Operator | None
    value: Term

    @property
    def asks_existence(self) -> bool:
        """Whether it is `field: *`."""
        return self.operator is None and isinstance(self.value, Wildcard) and self.value.lone


def leaves_of(node: Node, path: str = "") -> Iterator[tuple[Is | Range, str]]:
    """Every question below `node` that holds no other, in reading order, with the nested path it is asked at."""
    match node:
        case Is() | Range():
            yield node, path
        case Not(query):
            yield from leaves_of(query, path)
        case And(queries) | Or(queries):
            for query in queries:
                yield from leaves_of(query, path)
        case Nested(inner, query):
            yield from leaves_of(query, f"{path}.{inner.text}" if path else inner.text)


def references_of(node: Node) -> Iterator[Reference]:
    """Every mention of a field below `node`; free text names none."""
    for leaf, path in leaves_of(node):
        operator = leaf.operator if isinstance(leaf, Range) else None
        if operator is not None or not (isinstance(leaf.field, Literal) and leaf.field.value is None):
            yield _reference(leaf.field, path, operator, leaf.value)


def _reference(field: Term, path: str, operator: Operator | None, value: Term) -> Reference:
    """A mention of `field` below a nested path."""
    full = field.within(path) if path else field
    return Reference(full.text, field.at, full if isinstance(full, Wildcard) else None, operator, value)
