"""Frozen values as plain data and back, by their type hints, so that a run can be judged again from its files."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A value as JSON can hold it: a dataclass becomes a mapping of its fields, an enumeration its name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): to_plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(inner) for inner in value]
    return value


def from_plain(kind: type[T], data: Any) -> T:
    """What `to_plain` made of a value of this type. Raises TypeError, KeyError or ValueError when it is something else.

    Fields that the data does not have keep their defaults, so that a record may be older than the type.
    """
    made: T = _read(kind, data)
    return made


def _read(kind: Any, data: Any) -> Any:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if data is None else _read(next(one for one in inside if one is not type(None)), data)
    if origin is tuple:
        return tuple(_read(inside[0], one) for one in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(inside[1], one) for key, one in data.items()}
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind[data]
    if kind in (str, bool) and not isinstance(data, kind):
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return float(data) if kind is float else data


def _dataclass(kind: Any, data: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.name in data]
    return kind(**{name: _read(hints[name], data[name]) for name in known})
