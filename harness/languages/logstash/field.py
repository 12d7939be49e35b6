"""Field references such as `[http][status]`, compiled to functions that read, test, write and remove a field."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from harness.languages.logstash.event import Event, EventError, Timestamp

Getter = Callable[[Event], Any]
Setter = Callable[[Event, Any], None]
Test = Callable[[Event], bool]

_MISSING = object()


class ReferenceSyntaxError(EventError):
    """A text that is no legal field reference."""


@lru_cache(maxsize=8192)
def path_of(reference: str) -> tuple[str, ...]:
    """The keys a reference names: `a` and `[a]` are one key, `[a][b]` two, `[[a][b]][c]` three."""
    if "[" not in reference and "]" not in reference:
        return (reference,)
    path: list[str] = []
    depth = start = 0
    for index, character in enumerate(reference):
        if character == "[":
            if reference[start:index]:
                raise ReferenceSyntaxError(f"`{reference}` is no field reference")
            depth += 1
            start = index + 1
        elif character == "]":
            depth -= 1
            key = reference[start:index]
            if depth < 0 or (not key and reference[index - 1] != "]"):
                raise ReferenceSyntaxError(f"`{reference}` is no field reference")
            if key:
                path.append(key)
            start = index + 1
    if depth or start != len(reference) or not path:
        raise ReferenceSyntaxError(f"`{reference}` is no field reference")
    return tuple(path)


def _step(container: Any, key: str) -> Any:
    """One step down; _MISSING when there is nothing."""
    if container.__class__ is dict:
        return container.get(key, _MISSING)
    if container.__class__ is list:
        index = _index(key)
        if index is not None and -len(container) <= index < len(container):
            return container[index]
    return _MISSING


def _index(key: str) -> int | None:
    digits = key[1:] if key[:1] == "-" else key
    return int(key) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _walk(event: Event, path: tuple[str, ...]) -> Any:
    found: Any = event
    for key in path:
        found = _step(found, key)
        if found is _MISSING:
            return _MISSING
    return found


@lru_cache(maxsize=8192)
def getter(reference: str) -> Getter:
    """Reads the field; None when it is missing."""
    path = path_of(reference)
    first = path[0]
    if len(path) == 1:
        return lambda event: event.get(first)
    if len(path) == 2:
        second = path[1]

        def get_second(event: Event) -> Any:
            container = event.get(first)
            if container.__class__ is dict:
                return container.get(second)
            found = _step(container, second)
            return None if found is _MISSING else found

        return get_second

    def get(event: Event) -> Any:
        found = _walk(event, path)
        return None if found is _MISSING else found

    return get


@lru_cache(maxsize=8192)
def exists(reference: str) -> Test:
    """Tells whether the event has the field, be it null."""
    path = path_of(reference)
    first = path[0]
    if len(path) == 1:
        return lambda event: first in event
    if len(path) == 2:
        second = path[1]

        def has_second(event: Event) -> bool:
            container = event.get(first)
            return second in container if container.__class__ is dict else _step(container, second) is not _MISSING

        return has_second
    return lambda event: _walk(event, path) is not _MISSING


@lru_cache(maxsize=8192)
def setter(reference: str) -> Setter:
    """Writes the field, creating the objects on the way; raises EventError where that is not possible."""
    path = path_of(reference)
    first = path[0]
    if path == ("@timestamp",):
        return _set_timestamp
    if path == ("@metadata",):
        return _set_metadata
    if len(path) == 1:

        def set_first(event: Event, value: Any) -> None:
            event[first] = value

        return set_first

    return _set_second(first, path[1]) if len(path) == 2 else _set_nested(path[:-1], path[-1])


def _set_second(first: str, last: str) -> Setter:
    """The usual case of a nested field."""

    def set_second(event: Event, value: Any) -> None:
        container = event.get(first)
        if container is None:
            event[first] = {last: value}
        elif container.__class__ is dict:
            container[last] = value
        else:
            _put(container, last, value)

    return set_second


def _set_nested(parents: tuple[str, ...], last: str) -> Setter:
    def set_nested(event: Event, value: Any) -> None:
        container: Any = event
        for key in parents:
            below = _step(container, key)
            if below is _MISSING or below is None:
                below = {}
                _put(container, key, below)
            container = below
        _put(container, last, value)

    return set_nested


def _set_timestamp(event: Event, value: Any) -> None:
    if not isinstance(value, Timestamp):
        raise EventError("`@timestamp` can only be set to a timestamp; use the date filter")
    event["@timestamp"] = value


def _set_metadata(event: Event, value: Any) -> None:
    if value.__class__ is not dict:
        raise EventError("`@metadata` can only be set to an object")
    event["@metadata"] = value


def _put(container: Any, key: str, value: Any) -> None:
    if container.__class__ is dict:
        container[key] = value
        return
    index = _index(key) if container.__class__ is list else None
    if index is None or index > 100_000 or index < -len(container):
        raise EventError(f"cannot set `{key}` on a value that is no object")
    if index >= len(container):
        container.extend([None] * (index + 1 - len(container)))
    container[index] = value


@lru_cache(maxsize=8192)
def remover(reference: str) -> Getter:
    """Removes the field and returns what it held; `@metadata` is emptied, never removed."""
    path = path_of(reference)
    first = path[0]
    if path == ("@metadata",):
        return _clear_metadata
    if len(path) == 1:
        return lambda event: event.pop(first, None)
    last, parents = path[-1], path[:-1]

    def remove(event: Event) -> Any:
        container = _walk(event, parents)
        if container.__class__ is dict:
            return container.pop(last, None)
        index = _index(last) if container.__class__ is list else None
        if index is not None and -len(container) <= index < len(container):
            return container.pop(index)
        return None

    def remove_second(event: Event) -> Any:
        container = event.get(first)
        return container.pop(last, None) if container.__class__ is dict else remove(event)

    return remove_second if len(path) == 2 else remove


def _clear_metadata(event: Event) -> Any:
    removed = event.get("@metadata")
    event["@metadata"] = {}
    return removed


def get(event: Event, reference: str) -> Any:
    """Read a field whose name is known only now."""
    return getter(reference)(event)


def put(event: Event, reference: str, value: Any) -> None:
    """Write a field whose name is known only now."""
    if "[" in reference or reference[:1] == "@" or "]" in reference:
        setter(reference)(event, value)
    else:
        event[reference] = value
