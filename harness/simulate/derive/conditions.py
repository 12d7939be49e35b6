"""When an alert's expression yields something, as alternatives of conditions: comparisons, and what is there or not."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from harness.languages.promql import COMPARISONS, Aggregate, Binary, Call, Node, Selector, Subquery
from harness.simulate.derive.universe import NotInvertibleError, constant

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
TRANSPARENT = ("sum", "max", "min", "avg", "group", "count", "topk", "bottomk")


@dataclass(frozen=True, slots=True)
class Compared:
    """`subject op bound` holds; the bound is a number, or an expression that has a value of its own."""

    subject: Node
    operator: str
    bound: float | Node
    offset: int


@dataclass(frozen=True, slots=True)
class There:
    """The expression yields something (`there`), or nothing because its series are missing."""

    subject: Node
    there: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Always:
    """It holds whatever happens, or never does."""

    holds: bool
    offset: int


Condition = Compared | There | Always
Conditions = tuple[Condition, ...]


def alternatives(node: Node) -> list[Conditions]:
    """Each way in which the expression can yield something; the first condition of each is what the alert is about.

    Raises NotInvertibleError.
    """
    match node:
        case Binary(operator="and", left=left, right=right):
            return [(*a, *b) for a, b in itertools.product(alternatives(left), alternatives(right))]
        case Binary(operator="or", left=left, right=right):
            return [*alternatives(left), *alternatives(right)]
        case Binary(operator="unless", left=left, right=right):
            return [(*a, *b) for a in alternatives(left) for b in _negated(right)]
        case Binary(operator=operator) if operator in COMPARISONS:
            return _compared(node)
        case Call(function="absent" | "absent_over_time", arguments=(inner,)):
            return [(There(_bare(inner), False, node.offset),)]
        case Call(function="vector"):
            return [(Always(True, node.offset),)]
        case Aggregate(operator=operator, inner=inner) if operator in TRANSPARENT and _filters(inner):
            return alternatives(inner)
        case _:
            return [(There(node, True, _offset(node)),)]


def _compared(node: Binary) -> list[Conditions]:
    left, right = constant(node.left), constant(node.right)
    if left is not None and right is not None:
        return [(Always(_holds(left, node.operator, right), node.offset),)]
    subject, operator, bound = node.left, node.operator, right
    if left is not None:
        subject, operator, bound = node.right, FLIPPED[node.operator], left
    if node.boolean:
        raise NotInvertibleError("a comparison with `bool` yields a number whether it holds or not", node.offset)
    if isinstance(subject, Binary) and subject.operator in COMPARISONS and bound is not None:
        return _about_a_comparison(subject, operator, bound, node.offset)
    if isinstance(subject, Aggregate) and subject.operator == "count" and bound is not None and _filters(subject.inner):
        if _holds(1.0, operator, bound) and bound < 1 + (operator == ">="):
            return alternatives(subject.inner)
        raise NotInvertibleError("it counts how many series are past a threshold", node.offset)
    return [(Compared(subject, operator, node.right if bound is None else bound, node.offset),)]


def _about_a_comparison(inner: Binary, operator: str, bound: float, offset: int) -> list[Conditions]:
    """`(a > 5) < 10` filters twice; `(a > bool 5) == 1` asks whether it holds."""
    if not inner.boolean:
        return [(*conditions, Compared(_innermost(inner), operator, bound, offset)) for conditions in _compared(inner)]
    plain = replace(inner, boolean=False)
    if _holds(1.0, operator, bound) and not _holds(0.0, operator, bound):
        return _compared(plain)
    if _holds(0.0, operator, bound) and not _holds(1.0, operator, bound):
        return _compared(replace(plain, operator=OPPOSITE[plain.operator]))
    raise NotInvertibleError("a comparison with `bool` whose result makes no difference", offset)


def _innermost(node: Binary) -> Node:
    subject: Node = node.left if constant(node.left) is None else node.right
    while isinstance(subject, Binary) and subject.operator in COMPARISONS:
        subject = subject.left if constant(subject.left) is None else subject.right
    return subject


def _negated(node: Node) -> list[Conditions]:
    """The ways in which an expression yields nothing."""
    match node:
        case Binary(operator="or", left=left, right=right):
            return [(*a, *b) for a, b in itertools.product(_negated(left), _negated(right))]
        case Binary(operator="and", left=left):
            return _negated(left)
        case Binary(operator="unless", left=left):
            return _negated(left)
    turned: list[Conditions] = []
    for conditions in alternatives(node):
        if len(conditions) != 1:
            raise NotInvertibleError("what follows `unless` has several conditions", _offset(node))
        turned.append((_opposite(conditions[0]),))
    return turned


def _opposite(condition: Condition) -> Condition:
    match condition:
        case Compared(operator=operator):
            return replace(condition, operator=OPPOSITE[operator])
        case There(there=there):
            return replace(condition, there=not there)
        case Always(holds=holds):
            return replace(condition, holds=not holds)


def _holds(left: float, operator: str, right: float) -> bool:
    return {
        ">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right, "==": left == right,
        "!=": left != right,
    }[operator]  # fmt: skip


def _filters(node: Node) -> bool:
    """Whether an expression yields its series only under a condition."""
    match node:
        case Binary(operator=operator, boolean=boolean):
            return (operator in COMPARISONS and not boolean) or operator in ("and", "unless", "or")
        case Aggregate(inner=inner):
            return _filters(inner)
        case _:
            return False


def _bare(node: Node) -> Node:
    while isinstance(node, Subquery):
        node = node.inner
    if not isinstance(node, Selector):
        raise NotInvertibleError("`absent` of something that is no plain selector", _offset(node))
    return node


def _offset(node: Node) -> int:
    return int(getattr(node, "offset", 0)) if not isinstance(node, Aggregate | Binary) else node.offset
