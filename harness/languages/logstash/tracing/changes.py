"""The difference between an event before and after a filter, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.languages.logstash.event import Event


@dataclass(frozen=True, slots=True)
class Change:
    """One field that a filter added, changed or removed."""

    field: str
    kind: Literal["added", "changed", "removed"]
    before: Any = None
    after: Any = None


def changes(before: Event, after: Event) -> tuple[Change, ...]:
    """Everything that differs; objects are gone into, arrays are taken as a whole."""
    return tuple(_changes(before, after, ()))


def _changes(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> Iterator[Change]:
    for key in before:
        if key not in after:
            yield Change(reference((*path, key)), "removed", before=before[key])
    for key, value in after.items():
        here = (*path, key)
        if key not in before:
            yield from _added(value, here)
        elif isinstance(value, dict) and isinstance(before[key], dict):
            yield from _changes(before[key], value, here)
        elif not alike(before[key], value):
            yield Change(reference(here), "changed", before[key], value)


def _added(value: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _added(item, (*path, key))
    else:
        yield Change(reference(path), "added", after=value)


def reference(path: tuple[str, ...]) -> str:
    """A field as configurations write it."""
    return path[0] if len(path) == 1 else "".join(f"[{key}]" for key in path)


def alike(one: Any, other: Any) -> bool:
    """Equality without Python's `1 == True` and `1 == 1.0`, which a filter may well have made of each other."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, str) and isinstance(other, str):
        return str(one) == str(other)
    return type(one) is type(other) and bool(one == other)
