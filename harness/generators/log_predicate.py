"""Conditions on a record, written as data: the ground truth of searches, independent of any query language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.errors import UnreadableError
from harness.model import Position

Record = Mapping[str, Any]
Predicate = Callable[[Record], bool]

_NUMBER = (int, float)


def _numeric(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    # A boolean is an int in Python, and no number in a log line.
    return lambda value, limit: isinstance(value, _NUMBER) and not isinstance(value, bool) and compare(value, limit)


_CONDITIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "present": lambda value, wanted: bool(wanted),
    "is": lambda value, wanted: type(value) is type(wanted) and value == wanted,
    "one_of": lambda value, wanted: value in wanted,
    "starts_with": lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    "contains": lambda value, wanted: isinstance(value, str) and wanted in value,
    "above": _numeric(lambda value, limit: value > limit),
    "at_least": _numeric(lambda value, limit: value >= limit),
    "below": _numeric(lambda value, limit: value < limit),
    "at_most": _numeric(lambda value, limit: value <= limit),
}

_NOT_CONDITIONS = {"field", "by"}


def compile_predicate(spec: Mapping[str, Any], where: str) -> Predicate:
    """Turn a condition into a function; `where` names file and entry in the error for one that makes no sense."""
    if "all" in spec:
        every = [compile_predicate(part, where) for part in spec["all"]]
        return lambda record: all(part(record) for part in every)
    if "any" in spec:
        some = [compile_predicate(part, where) for part in spec["any"]]
        return lambda record: any(part(record) for part in some)
    field = spec.get("field")
    names = [name for name in spec if name not in _NOT_CONDITIONS]
    unknown = [name for name in names if name not in _CONDITIONS]
    if not field or not names or unknown:
        what = f"unknown condition {', '.join(unknown)}" if unknown else "needs a field and a condition"
        raise UnreadableError(what, at=Position(where), hint=f"Conditions are: {', '.join(_CONDITIONS)}.")
    tests = [(_CONDITIONS[name], spec[name]) for name in names]

    def holds(record: Record) -> bool:
        value = record.get(field)
        return value is not None and all(test(value, wanted) for test, wanted in tests)

    return holds
