"""What Ruby's own functions do with strings and numbers where Python's differ; the filters are written in Ruby."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from harness.languages.logstash.event import EventError
from harness.languages.logstash.sprintf import json_text, ruby_float

_INTEGER_PREFIX = re.compile(r"\s*([+-]?\d+(?:_\d+)*)")
_FLOAT_PREFIX = re.compile(r"\s*[+-]?\d+(?:_\d+)*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_FLOAT = re.compile(r"[+-]?(?:\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?|\.\d+)(?:[eE][+-]?\d+)?")
_HEX = re.compile(r"([+-]?)0[xX]([0-9a-fA-F]+)(?:\.([0-9a-fA-F]+))?(?:[pP]([+-]?\d+))?")
_STRIPPED = "\t\n\v\f\r \0"
_REFERENCE = re.compile(r"\\(\\|[0-9&`']|k<(\w+)>)")


def to_i(text: str) -> int:
    """String#to_i: the leading integer, or 0."""
    match = _INTEGER_PREFIX.match(text)
    return int(match.group(1).replace("_", "")[:4000]) if match else 0


def to_f(text: str) -> float:
    """String#to_f: the leading number, or 0.0."""
    match = _FLOAT_PREFIX.match(text)
    return float(match.group().replace("_", "")) if match else 0.0


def strict_float(text: str) -> float:
    """Kernel#Float: the whole text is a number, or EventError."""
    text = text.strip(_STRIPPED)
    found = hexadecimal(text)
    if found is not None:
        return found
    if not _FLOAT.fullmatch(text):
        raise EventError(f"`{text[:80]}` is no number")
    return float(text.replace("_", ""))


def hexadecimal(text: str) -> float | int | None:
    """A hex number such as -0x1F, or None."""
    match = _HEX.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, exponent = match.groups()
    if fraction is None and exponent is None:
        return -int(whole, 16) if sign == "-" else int(whole, 16)
    return float.fromhex(text)


def decimal_to_i(text: str) -> int:
    """BigDecimal(text).to_i, e.g. of 1.23e+02; EventError when it is no number."""
    try:
        number = Decimal(text)
        if number.is_finite() and number.adjusted() < 5000:
            return int(number)
    except InvalidOperation:
        pass
    raise EventError(f"`{text[:80]}` is no number")


def to_s(value: Any) -> str:
    """Object#to_s, for the values an event can hold."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return ruby_float(value)
    return inspect(value) if isinstance(value, dict | list) else str(value)


def inspect(value: Any) -> str:
    """Object#inspect, e.g. {"a"=>[1, "b"]}."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inspect(key)}=>{inspect(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inspect(item) for item in value) + "]"
    if isinstance(value, str):
        return json_text(str(value)).replace("#{", "\\#{")
    return "nil" if value is None else to_s(value)


def integer(text: str) -> int | None:
    """Kernel#Integer of a text, with its prefixes 0x, 0b and 0; None when it is no integer."""
    digits = strip(text).lower()
    sign = -1 if digits[:1] == "-" else 1
    digits = digits[1:] if digits[:1] in ("+", "-") else digits
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8), ("0d", 10)):
        if digits.startswith(prefix):
            digits, found = digits[2:], base
            break
    else:
        found = 8 if len(digits) > 1 and digits[0] == "0" else 10
    try:
        return sign * int(digits, found) if digits[:1].isalnum() and len(digits) < 4000 else None
    except ValueError:
        return None


def join(values: list[Any], separator: str) -> str:
    """Array#join: nested arrays are joined too."""
    return separator.join(join(value, separator) if isinstance(value, list) else to_s(value) for value in values)


def split(text: str, separator: str) -> list[str]:
    """String#split by a string: no empty strings at the end; one space means any whitespace."""
    if separator == " ":
        return text.split()
    parts = list(text) if separator == "" else text.split(separator)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def strip(text: str) -> str:
    """String#strip."""
    return text.strip(_STRIPPED)


def capitalize(text: str) -> str:
    """String#capitalize."""
    return text[:1].upper() + text[1:].lower()


@lru_cache(maxsize=1024)
def replacement(text: str) -> str | Callable[[Any], str]:
    """The replacement of String#gsub as `regex` wants it: text without references, or a function of the match."""
    if "\\" not in text:
        return lambda match: text
    pieces: list[str | tuple[str, str]] = []
    position = 0
    for reference in _REFERENCE.finditer(text):
        pieces.append(text[position : reference.start()])
        pieces.append((reference.group(1), reference.group(2) or ""))
        position = reference.end()
    pieces.append(text[position:])
    return lambda match: "".join(piece if isinstance(piece, str) else _referenced(match, *piece) for piece in pieces)


def _referenced(match: Any, code: str, name: str) -> str:
    if code == "\\":
        return "\\"
    if code == "&":
        return str(match.group())
    if code in "`'":
        return str(match.string[: match.start()] if code == "`" else match.string[match.end() :])
    try:
        return str(match.group(name if name else int(code)) or "")
    except IndexError:
        return ""
