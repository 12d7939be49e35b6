"""What may be expected of a value: the value itself, or a matcher, written as a YAML tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.languages.logstash.onigmo import compiled
from harness.languages.logstash.tracing.changes import alike, reference

MISSING: Any = object()
"""The value of a field that is not there."""


@dataclass(frozen=True, slots=True)
class Matching:
    """`!regex pattern`: text in which the expression occurs; write `\\A…\\z` for the whole text."""

    pattern: str

    def __str__(self) -> str:
        return f"text that matches /{self.pattern}/"


@dataclass(frozen=True, slots=True)
class Exists:
    """`!exists`: any value, but the field is there."""

    def __str__(self) -> str:
        return "a field that is there"


@dataclass(frozen=True, slots=True)
class Absent:
    """`!absent`: no such field."""

    def __str__(self) -> str:
        return "no such field"


@dataclass(frozen=True, slots=True)
class Anything:
    """`!any`: whatever it is, even no such field."""

    def __str__(self) -> str:
        return "anything"


Matcher = Matching | Exists | Absent | Anything


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as expected. `expected` may be a matcher, and either side MISSING."""

    path: tuple[str | int, ...]
    expected: Any
    actual: Any

    @property
    def field(self) -> str:
        """The field as configurations write it."""
        return reference(tuple(str(key) for key in self.path)) if self.path else "the event"


def holds(expected: Any, actual: Any) -> bool:
    """Whether a value is as expected."""
    return next(differences(expected, actual), None) is None


def differences(
    expected: Any, actual: Any, *, partial: bool = False, path: tuple[str | int, ...] = ()
) -> Iterator[Difference]:
    """Where a value is not as expected; with `partial`, fields nobody asked for are fine."""
    if isinstance(expected, Matcher):
        if not _matches(expected, actual):
            yield Difference(path, expected, actual)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            yield from differences(value, actual.get(key, MISSING), partial=partial, path=(*path, key))
        for key in actual if not partial else ():
            if key not in expected:
                yield Difference((*path, key), MISSING, actual[key])
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, partial=partial, path=(*path, index))
    elif expected is MISSING or actual is MISSING or not _same(expected, actual):
        yield Difference(path, expected, actual)


def _matches(matcher: Matcher, actual: Any) -> bool:
    if isinstance(matcher, Anything):
        return True
    if isinstance(matcher, Absent):
        return actual is MISSING
    if isinstance(matcher, Exists):
        return actual is not MISSING
    return isinstance(actual, str) and compiled(matcher.pattern).search(actual) is not None


def _same(expected: Any, actual: Any) -> bool:
    """Equal, where a whole number may be written without its `.0`."""
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return (isinstance(expected, bool) == isinstance(actual, bool)) and expected == actual
    return alike(expected, actual)
