"""Compiles conditions to functions of an event.

A comparison by size that cannot be made (a missing field, a string against a number) raises ConditionError: Logstash
neither takes the branch nor skips it, it drops the event or writes it to the dead letter queue.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from harness.errors import UnreadableError
from harness.languages.logstash.ast import (
    Array,
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
    Text,
    Truth,
)
from harness.languages.logstash.event import Event, EventError, described
from harness.languages.logstash.field import Getter, ReferenceSyntaxError, getter
from harness.languages.logstash.sprintf import text_of
from harness.model import Position

Predicate = Callable[[Event], bool]
Resolve = Callable[[str, Position], str]
"""Replaces environment variables in a string of a condition."""

_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class ConditionError(EventError):
    """A comparison that has no answer for this event."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


def predicate(condition: Condition, resolve: Resolve) -> Predicate:
    """The condition as a function."""
    if isinstance(condition, Truth):
        return _truth(_field(condition.operand))
    if isinstance(condition, Not):
        return _negated(predicate(condition.condition, resolve))
    if isinstance(condition, Logical):
        return _logical(condition.operator, predicate(condition.left, resolve), predicate(condition.right, resolve))
    if isinstance(condition, Comparison):
        return _comparison(condition, resolve)
    if isinstance(condition, Membership):
        return _membership(condition, resolve)
    return _match(condition, resolve)


def _field(selector: Selector) -> Getter:
    try:
        return getter(selector.reference)
    except ReferenceSyntaxError as error:
        raise UnreadableError(str(error), at=selector.position) from error


def _truth(read: Getter) -> Predicate:
    def holds(event: Event) -> bool:
        value = read(event)
        return value is not None and value is not False

    return holds


def _negated(inner: Predicate) -> Predicate:
    return lambda event: not inner(event)


def _logical(word: str, left: Predicate, right: Predicate) -> Predicate:
    if word == "and":
        return lambda event: left(event) and right(event)
    if word == "or":
        return lambda event: left(event) or right(event)
    if word == "xor":
        return lambda event: left(event) != right(event)
    return lambda event: not (left(event) and right(event))


def _value(operand: Operand, resolve: Resolve) -> Any:
    """A constant operand as a plain value."""
    if isinstance(operand, Text):
        return resolve(operand.value, operand.position)
    if isinstance(operand, Array):
        return [_value(item, resolve) for item in operand.items]  # type: ignore[arg-type]
    if isinstance(operand, Regexp):
        return operand.pattern
    return operand.value if isinstance(operand, Number) else None


def _reader(operand: Operand, resolve: Resolve) -> Getter:
    if isinstance(operand, Selector):
        return _field(operand)
    constant = _value(operand, resolve)
    return lambda event: constant


def _same(left: Any, right: Any) -> bool:
    """Equality without Python's `1 == True`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _comparison(condition: Comparison, resolve: Resolve) -> Predicate:
    if condition.operator in ("==", "!="):
        equal = _equality(condition, resolve)
        return equal if condition.operator == "==" else _negated(equal)
    return _ordering(condition, resolve)


def _equality(condition: Comparison, resolve: Resolve) -> Predicate:
    left, right = condition.left, condition.right
    if isinstance(right, Selector) and isinstance(left, Text | Number):
        left, right = right, left
    read = _reader(left, resolve)
    if isinstance(right, Text):
        constant = _value(right, resolve)
        return lambda event: bool(read(event) == constant)
    other = _reader(right, resolve)
    return lambda event: _same(read(event), other(event))


def _ordering(condition: Comparison, resolve: Resolve) -> Predicate:
    left, right = _reader(condition.left, resolve), _reader(condition.right, resolve)
    compare = _ORDER[condition.operator]
    sign, position = condition.operator, condition.position

    def ordered(event: Event) -> bool:
        one, other = left(event), right(event)
        kinds = (_order_kind(one), _order_kind(other))
        if kinds[0] is None or kinds[0] != kinds[1]:
            raise ConditionError(f"cannot compare {_kind_of(one)} {sign} {_kind_of(other)}", position)
        return bool(compare(one, other))

    return ordered


def _order_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else None


def _kind_of(value: Any) -> str:
    if value is None:
        return "a missing field"
    names = {str: "a string", bool: "a boolean", dict: "an object", list: "an array"}
    return names.get(type(value), "a number")


def _membership(condition: Membership, resolve: Resolve) -> Predicate:
    left, right = condition.left, condition.right
    read = _reader(left, resolve)
    if isinstance(right, Array):
        texts = frozenset(text_of(item) for item in _value(right, resolve))

        def listed(event: Event) -> bool:
            value = read(event)
            return value is not None and text_of(value) in texts

        return listed
    read_container = _reader(right, resolve)

    def contained(event: Event) -> bool:
        value, container = read(event), read_container(event)
        if value is None or container is None:
            return False
        if isinstance(container, str):
            return isinstance(value, str) and value in container
        if isinstance(container, list):
            return any(_same(value, item) for item in container)
        return _same(value, container)

    return contained


def _match(condition: Match, resolve: Resolve) -> Predicate:
    from harness.languages.logstash.alternatives import occurrence
    from harness.languages.logstash.onigmo import PatternSyntaxError

    read, position = _field(condition.left), condition.position
    try:
        occurs = occurrence(resolve(condition.pattern, condition.position))
    except PatternSyntaxError as error:
        raise UnreadableError(str(error), at=condition.position) from error

    def matches(event: Event) -> bool:
        value = read(event)
        try:
            return isinstance(value, str) and occurs(value)
        except TimeoutError as error:
            raise ConditionError(described(error), position) from error

    return matches
