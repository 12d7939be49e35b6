"""See Contradiction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    conditions,
    plain,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Position


class Contradiction(Check):
    """A condition that no event can fulfil, because two of its parts exclude each other.

    Why: the branch is dead code, and what it does is not done. Bad: `[status] >= 500 and [status] < 400`,
    `[kind] == "a" and [kind] == "b"`. Good: a range with room, or `or`. Fix: correct the operator or the number.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compare the parts that must hold together, those of the branches around included."""
        try:
            sections = logstash.config.sections
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for section in sections:
            for condition in conditions(section.body):
                for group in _together(condition):
                    why = _excluded(group)
                    if why:
                        yield self.finding(why[1], f"never holds: {why[0]}")


def _together(condition: ast.Condition) -> Iterator[list[ast.Comparison]]:
    """Groups of comparisons all of which must hold."""
    if isinstance(condition, ast.Logical) and condition.operator == "and":
        left, right = (list(_together(side)) for side in (condition.left, condition.right))
        if len(left) == len(right) == 1:
            yield left[0] + right[0]
        else:
            yield from (*left, *right)
    elif isinstance(condition, ast.Logical) and condition.operator == "or":
        yield from _together(condition.left)
        yield from _together(condition.right)
    elif isinstance(condition, ast.Comparison):
        yield [condition]
    elif not isinstance(condition, ast.Logical):
        yield []


def _excluded(group: list[ast.Comparison]) -> tuple[str, Position] | None:
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    equal: dict[str, object] = {}
    for one in group:
        if not isinstance(one.left, ast.Selector) or not isinstance(one.right, (ast.Number, ast.Text)):
            continue
        name, value = plain(one.left.reference), one.right.value
        if one.operator == "==" and equal.setdefault(name, value) != value:
            return f"{name} cannot be both {equal[name]} and {value}", one.position
        if isinstance(value, str):
            continue
        if one.operator in (">", ">=", "=="):
            low[name] = max(low.get(name, float("-inf")), value)
        if one.operator in ("<", "<=", "=="):
            high[name] = min(high.get(name, float("inf")), value)
        if low.get(name, float("-inf")) > high.get(name, float("inf")):
            return f"{name} cannot be above {low[name]:g} and below {high[name]:g}", one.position
    return None
