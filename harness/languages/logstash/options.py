"""What options a plugin takes, of which type: every value of a configuration is checked against this at load time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["string", "number", "boolean", "array", "hash", "codec", "field", "regexp"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


class InvalidValueError(Exception):
    """A value that an option cannot take; the message says what it wants."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `string` stands for passwords, paths and URIs too; `regexp` must compile."""

    kind: Kind = "string"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """The value in the option's type, coerced the way Logstash coerces it; raises InvalidValueError."""
        if self.choices:
            return self._choice(value)
        return _CHECKS[self.kind](value)

    def _choice(self, value: Any) -> str:
        only = _only(value)
        text = str(only).lower() if isinstance(only, bool) else str(only)
        if text not in self.choices:
            raise InvalidValueError(f"expected one of {', '.join(self.choices)}, got `{text}`")
        return text


Options = Mapping[str, Option]

FILTER_OPTIONS: Options = MappingProxyType(
    {
        "add_field": Option("hash", {}),
        "add_tag": Option("array", []),
        "enable_metric": Option("boolean", True),
        "id": Option(),
        "periodic_flush": Option("boolean", False),
        "remove_field": Option("array", []),
        "remove_tag": Option("array", []),
    }
)

INPUT_OPTIONS: Options = MappingProxyType(
    {
        "add_field": Option("hash", {}),
        "codec": Option("codec", "plain"),
        "enable_metric": Option("boolean", True),
        "id": Option(),
        "tags": Option("array", []),
        "type": Option(),
    }
)

OUTPUT_OPTIONS: Options = MappingProxyType(
    {
        "codec": Option("codec", "plain"),
        "enable_metric": Option("boolean", True),
        "id": Option(),
        "workers": Option("number", 1),
    }
)

CODEC_OPTIONS: Options = MappingProxyType({"enable_metric": Option("boolean", True), "id": Option()})


def _only(value: Any) -> Any:
    if isinstance(value, list):
        if len(value) != 1:
            raise InvalidValueError(f"expected one value, got {len(value)}")
        return value[0]
    if isinstance(value, dict):
        raise InvalidValueError("expected one value, got a hash")
    return value


def _string(value: Any) -> str:
    only = _only(value)
    if not isinstance(only, str | int | float):
        raise InvalidValueError(f"expected a string, got {type(only).__name__}")
    return str(only)


def _number(value: Any) -> int | float:
    only = _only(value)
    if isinstance(only, str) and _NUMBER.fullmatch(only):
        return float(only) if re.search("[.eE]", only) else int(only)
    if not isinstance(only, int | float):
        raise InvalidValueError(f"expected a number, got `{only}`")
    return only


def _boolean(value: Any) -> bool:
    only = _only(value)
    if isinstance(only, str) and only.lower() in ("true", "false"):
        return only.lower() == "true"
    raise InvalidValueError(f"expected true or false, got `{only}`")


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _hash(value: Any) -> dict[str, Any]:
    """A hash, or the older spelling: an array of keys and values in turn, where a repeated key collects its values."""
    if isinstance(value, dict):
        return value
    pairs = _array(value)
    if len(pairs) % 2:
        raise InvalidValueError(f"expected a hash, or an array with an even number of items, got {len(pairs)}")
    found: dict[str, Any] = {}
    for key, item in zip(pairs[::2], pairs[1::2], strict=True):
        name = str(key)
        if name not in found:
            found[name] = item
        elif isinstance(found[name], list):
            found[name] = [*found[name], item]
        else:
            found[name] = [found[name], item]
    return found


def _field(value: Any) -> str:
    from harness.languages.logstash.field import ReferenceSyntaxError, path_of

    text = _string(value)
    if "%{" not in text:
        try:
            path_of(text)
        except ReferenceSyntaxError as error:
            raise InvalidValueError(str(error)) from error
    return text


def _regexp(value: Any) -> str:
    from harness.languages.logstash.onigmo import PatternSyntaxError, compiled

    text = _string(value)
    try:
        compiled(text)
    except PatternSyntaxError as error:
        raise InvalidValueError(str(error)) from error
    return text


def _codec(value: Any) -> Any:
    return value


_CHECKS = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "hash": _hash,
    "codec": _codec,
    "field": _field,
    "regexp": _regexp,
}
