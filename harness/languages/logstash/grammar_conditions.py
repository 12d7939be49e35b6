"""Reads `if … else if … else …` and the conditions in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from harness.errors import UnsupportedError
from harness.languages.logstash.ast import (
    Arm,
    Array,
    Branch,
    Comparison,
    Condition,
    Logical,
    Match,
    Membership,
    Not,
    Number,
    Operand,
    Regexp,
    Selector,
    Statement,
    Text,
    Truth,
)
from harness.languages.logstash.literals import BAREWORD, number, string
from harness.languages.logstash.scanner import Scanner
from harness.model import Position

Block = Callable[[Scanner, str], tuple[Statement, ...]]

_ELSE = re.compile(r"else")
_IF = re.compile(r"if")
_SELECTOR = re.compile(r"(?:\[[^\]\[,]+\])+")
_REGEXP = re.compile(r"/(?:\\/|[^/])*+/")
_NOT_IN = re.compile(r"not [ \t\r\n]*(?:#[^\r\n]*\r?\n[ \t\r\n]*)*in")
_COMPARE = re.compile(r"==|!=|<=|>=|<|>")
_MATCH = re.compile(r"=~|!~")
_BOOLEAN = re.compile(r"and|or|xor|nand")
_PRECEDENCE = {"and": 2, "nand": 2, "or": 1, "xor": 1}


def branch(scanner: Scanner, block: Block) -> Branch:
    """A whole branch; `block` reads the statements of an arm."""
    start = scanner.position()
    arms: list[Arm] = []
    keyword = _IF
    position = start
    while True:
        scanner.take_match(keyword)
        scanner.skip()
        found = condition(scanner)
        arms.append(Arm(found, _body(scanner, block), position))
        following = scanner.offset
        scanner.skip()
        position = scanner.position()
        if scanner.take_match(_ELSE) is None:
            scanner.offset = following
            return Branch(tuple(arms), start)
        scanner.skip()
        if not scanner.peek("if"):
            arms.append(Arm(None, _body(scanner, block), position))
            return Branch(tuple(arms), start)


def _body(scanner: Scanner, block: Block) -> tuple[Statement, ...]:
    scanner.skip()
    scanner.expect("{", "after a condition")
    return block(scanner, "a branch")


def condition(scanner: Scanner) -> Condition:
    """Expressions joined by boolean operators; `and` and `nand` bind tighter, equals group from the right."""
    scanner.deeper()
    operands = [_expression(scanner)]
    operators: list[str] = []
    while True:
        before = scanner.offset
        scanner.skip()
        operator = scanner.take_match(_BOOLEAN)
        if operator is None:
            scanner.offset = before
            break
        operators.append(operator)
        scanner.skip()
        operands.append(_expression(scanner))
    scanner.shallower()
    return _join(operands, operators)


def _join(operands: list[Condition], operators: list[str]) -> Condition:
    for level in (2, 1):
        for index in range(len(operators) - 1, -1, -1):
            if _PRECEDENCE[operators[index]] == level:
                left, right = operands[index], operands.pop(index + 1)
                operands[index] = Logical(operators.pop(index), left, right, left.position)  # type: ignore[arg-type]
    return operands[0]


def _expression(scanner: Scanner) -> Condition:
    position = scanner.position()
    if scanner.take("("):
        return _parenthesised(scanner)
    if scanner.take("!"):
        scanner.skip()
        if scanner.take("("):
            return Not(_parenthesised(scanner), position)
        selector = _selector(scanner)
        if selector is None:
            scanner.fail(f"expected a field or `(` after `!`, found {scanner.here()}")
        return Not(Truth(selector, selector.position), position)
    return _relation(scanner, _operand(scanner), position)


def _parenthesised(scanner: Scanner) -> Condition:
    scanner.skip()
    inner = condition(scanner)
    scanner.skip()
    scanner.expect(")", "at the end of a condition")
    return inner


def _relation(scanner: Scanner, left: Operand, position: Position) -> Condition:
    """What follows the first operand of an expression."""
    after = scanner.offset
    scanner.skip()
    if scanner.take("in"):
        return Membership(left, _right(scanner), position)
    if scanner.take_match(_NOT_IN) is not None:
        return Not(Membership(left, _right(scanner), position), position)
    matching = scanner.take_match(_MATCH)
    if matching is not None:
        match = _match(scanner, left, position)
        return match if matching == "=~" else Not(match, position)
    operator = scanner.take_match(_COMPARE)
    if operator is not None:
        return Comparison(operator, left, _right(scanner), position)  # type: ignore[arg-type]
    scanner.offset = after
    if isinstance(left, Selector):
        return Truth(left, position)
    scanner.fail("a value alone is not a condition", at=position, hint="Compare it with a field: [field] == …")


def _right(scanner: Scanner) -> Operand:
    scanner.skip()
    return _operand(scanner)


def _match(scanner: Scanner, left: Operand, position: Position) -> Match:
    scanner.skip()
    pattern = string(scanner) or _regexp(scanner)
    if pattern is None:
        scanner.fail(f"expected a regular expression /…/ or a string, found {scanner.here()}")
    if not isinstance(left, Selector):
        scanner.fail("only a field can be matched against a regular expression", at=position)
    text = pattern.value if isinstance(pattern, Text) else pattern.pattern
    return Match(left, text, pattern.position)


def _operand(scanner: Scanner) -> Operand:
    position = scanner.position()
    found = string(scanner) or number(scanner) or _selector(scanner) or _array(scanner) or _regexp(scanner)
    if found is not None:
        return found
    word = scanner.take_match(BAREWORD)
    scanner.skip()
    if word is not None and scanner.peek("("):
        hint = "Logstash itself accepts the syntax and then fails to compile it."
        raise UnsupportedError(f"method call `{word}(…)` in a condition is not supported", at=position, hint=hint)
    hint = "Fields are written in brackets: [field]. Strings are quoted." if word else ""
    scanner.fail(
        f"expected a field, string, number, array or /…/, found `{word or scanner.here()}`", at=position, hint=hint
    )


def _selector(scanner: Scanner) -> Selector | None:
    position = scanner.position()
    reference = scanner.take_match(_SELECTOR)
    return Selector(reference, position) if reference is not None else None


def _regexp(scanner: Scanner) -> Regexp | None:
    position = scanner.position()
    quoted = scanner.take_match(_REGEXP)
    return Regexp(quoted[1:-1], position) if quoted is not None else None


def _array(scanner: Scanner) -> Array | None:
    position = scanner.position()
    if not scanner.take("["):
        return None
    items: list[Text | Number] = []
    scanner.skip()
    while not scanner.take("]"):
        if items:
            scanner.expect(",", "or `]` in an array")
            scanner.skip()
        item = string(scanner) or number(scanner)
        if item is None:
            word_position = scanner.position()
            word = scanner.take_match(BAREWORD)
            item = Text(word, word_position, bare=True) if word else None
        if item is None:
            scanner.fail(f"expected a string or number in an array, found {scanner.here()}")
        items.append(item)
        scanner.skip()
    return Array(cast("tuple[Text | Number, ...]", tuple(items)), position)
