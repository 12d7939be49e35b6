"""What a Logstash configuration says, as frozen values; every node knows where it stands in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model import Position


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string, or a bareword (`bare`). Quotes are removed, escapes are left as written."""

    value: str
    position: Position
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal."""

    value: int | float
    position: Position


@dataclass(frozen=True, slots=True)
class Array:
    """`[value, …]`."""

    items: tuple[Value, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Hash:
    """`{ key => value … }`; keys are unique."""

    entries: tuple[tuple[Text | Number, Value], ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name => value` in a plugin."""

    name: str
    value: Value
    position: Position


@dataclass(frozen=True, slots=True)
class PluginNode:
    """`name { attributes }`, in a section or, for a codec, as a value."""

    name: str
    attributes: tuple[Attribute, ...]
    position: Position


Value = Text | Number | Array | Hash | PluginNode


@dataclass(frozen=True, slots=True)
class Selector:
    """A field reference in a condition, e.g. `[http][status]`."""

    reference: str
    position: Position


@dataclass(frozen=True, slots=True)
class Regexp:
    """`/…/` in a condition, with its slashes removed."""

    pattern: str
    position: Position


Operand = Text | Number | Array | Selector | Regexp


@dataclass(frozen=True, slots=True)
class Truth:
    """A field alone: true unless it is missing, null or false."""

    operand: Selector
    position: Position


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left == right` and its kin."""

    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Operand
    right: Operand
    position: Position


@dataclass(frozen=True, slots=True)
class Membership:
    """`left in right`."""

    left: Operand
    right: Operand
    position: Position


@dataclass(frozen=True, slots=True)
class Match:
    """`left =~ pattern`."""

    left: Selector
    pattern: str
    position: Position


@dataclass(frozen=True, slots=True)
class Not:
    """`!condition`, and what `not in` and `!~` stand for."""

    condition: Condition
    position: Position


@dataclass(frozen=True, slots=True)
class Logical:
    """Two conditions joined."""

    operator: Literal["and", "or", "xor", "nand"]
    left: Condition
    right: Condition
    position: Position


Condition = Truth | Comparison | Membership | Match | Not | Logical


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a branch; `else` has no condition."""

    condition: Condition | None
    body: tuple[Statement, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Branch:
    """`if … else if … else …`; the first arm that holds is taken."""

    arms: tuple[Arm, ...]
    position: Position


Statement = PluginNode | Branch


@dataclass(frozen=True, slots=True)
class Section:
    """One `input`, `filter` or `output` block; a file may hold several of each."""

    kind: Literal["input", "filter", "output"]
    body: tuple[Statement, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration."""

    sections: tuple[Section, ...]

    def body(self, kind: str) -> tuple[Statement, ...]:
        """The statements of all sections of one kind, in order."""
        return tuple(statement for section in self.sections if section.kind == kind for statement in section.body)
