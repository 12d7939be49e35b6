"""mutate's convert: integer, float, integer_eu, float_eu, string, boolean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.languages.logstash import ruby
from harness.languages.logstash.event import Event, EventError
from harness.languages.logstash.mutations import Step
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

_TRUE = re.compile(r"^(?:true|t|yes|y|1|1.0)$", re.IGNORECASE | re.MULTILINE)
_FALSE = re.compile(r"^(?:false|f|no|n|0|0.0)$", re.IGNORECASE | re.MULTILINE)
_EUROPEAN = str.maketrans(",.", ".,")


def convert(settings: Settings, option: dict[str, Any]) -> list[Step]:
    """Compile the option."""
    for kind in option.values():
        if kind not in _CONVERTERS:
            settings.refuse("convert", f"invalid conversion type `{kind}`, expected one of {', '.join(_CONVERTERS)}")
    return [_convert_one(settings, name, _CONVERTERS[text_of(kind)]) for name, kind in option.items()]


def _convert_one(settings: Settings, name: str, converter: Callable[[Any], Any]) -> Step:
    read, write = settings.reader_of("convert", name), settings.writer_of("convert", name)

    def apply(event: Event) -> None:
        value = read(event)
        if value is None or isinstance(value, dict):
            return
        if isinstance(value, list):
            write(event, [item if item is None else converter(item) for item in value])
        else:
            write(event, converter(value))

    return apply


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        text = ruby.strip(value).replace(",", "")
        found = ruby.hexadecimal(text)
        if found is not None:
            return int(found)
        return ruby.decimal_to_i(text) if "e" in text else ruby.to_i(text)
    if isinstance(value, int | float):
        return _truncated(value)
    raise EventError("only strings, numbers and booleans convert to an integer")


def _truncated(value: int | float) -> int:
    try:
        return int(value)
    except (ValueError, OverflowError) as error:
        raise EventError(f"{value} is no integer") from error


def _float(value: Any) -> float:
    try:
        if isinstance(value, str):
            return float(ruby.strict_float(ruby.strip(value).replace(",", "")))
        if isinstance(value, int | float):
            return float(value)
    except OverflowError as error:
        raise EventError("a number beyond the range of a float") from error
    raise EventError("only strings, numbers and booleans convert to a float")


def _boolean(value: Any) -> Any:
    text = ruby.to_s(value)
    if _TRUE.search(text):
        return True
    return False if not text or _FALSE.search(text) else value


def _european(converter: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The comma is the decimal separator, the dot groups digits."""
    return lambda value: converter(value.translate(_EUROPEAN) if isinstance(value, str) else value)


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": ruby.to_s,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "integer_eu": _european(_integer),
    "float_eu": _european(_float),
}
