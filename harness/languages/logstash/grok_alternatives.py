"""The alternatives of a grok expression, and the expression with marks in it that tell which of them a match took."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.languages.logstash.alternatives import tokens
from harness.languages.logstash.grok import MARK

# Where a mark would change what the expression means: numbered references, conditionals, comments, inner definitions.
_LEADING = re.compile(r"(?:\(\?[a-z]+\))?")
_INTRICATE = re.compile(r"\\[1-9]|\(\?[(#]|(?!^)\(\?[a-z-]+\)|%\{[^}]*=|\[[^\]]*\[|&&")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the ways an expression can match, and where in the expression it begins."""

    text: str
    offset: int


def alternatives(expression: str) -> tuple[Alternative, ...]:
    """Every alternative of every group; none for an expression that has no `|`."""
    found: list[Alternative] = []
    for begins in _groups(expression):
        ends = [*begins[1:], None]
        for start, end in zip(begins, ends, strict=True):
            stop = end - 1 if end is not None else _end(expression, start)
            found.append(Alternative(expression[start:stop], start))
    return tuple(sorted(found, key=lambda one: one.offset))


def marked(expression: str) -> str:
    """The expression with a mark at the beginning of each alternative, numbered as `alternatives` lists them."""
    parts, position = [], 0
    for number, one in enumerate(alternatives(expression)):
        parts.append(f"{expression[position : one.offset]}(?<{MARK}{number}>)")
        position = one.offset
    return "".join(parts) + expression[position:]


def _groups(expression: str) -> list[list[int]]:
    """For each group with a `|`, where its alternatives begin."""
    if "|" not in expression or _INTRICATE.search(expression):
        return []
    leading = _LEADING.match(expression)
    opened: list[list[int]] = [[leading.end() if leading else 0]]
    found: list[list[int]] = []
    offset = 0
    for token, _ in tokens(expression):
        offset += len(token)
        if token[0] == "(":
            opened.append([_after_head(expression, offset - len(token))])
        elif token == "|":
            opened[-1].append(offset)
        elif token == ")" and len(opened) > 1:
            found.append(opened.pop())
    return [begins for begins in [*found, opened[0]] if len(begins) > 1]


_HEAD = re.compile(r"\((?:\?(?:<[=!]|<[^>]*>|'[^']*'|P<[^>]*>|[a-zA-Z-]*[:=!>]))?")


def _after_head(expression: str, offset: int) -> int:
    head = _HEAD.match(expression, offset)
    return head.end() if head else offset + 1


def _end(expression: str, start: int) -> int:
    """Where the last alternative of a group ends: at the bracket that closes the group."""
    offset = start
    for token, depth in tokens(expression[start:]):
        if depth < 0:
            return offset
        offset += len(token)
    return offset
