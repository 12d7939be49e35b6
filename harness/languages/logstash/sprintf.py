"""Templates such as `app-%{[service][name]}-%{+YYYY.MM.dd}`, compiled to functions of an event."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from harness.languages.logstash.event import Event, EventError, Timestamp
from harness.languages.logstash.field import ReferenceSyntaxError, getter

Template = Callable[[Event], str]


def is_dynamic(text: str) -> bool:
    """Whether a text may render differently from event to event."""
    return "%{" in text


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """Compile a text; a field that is missing stays as written, as in Logstash."""
    parts = _parts(text)
    if not parts:
        return lambda event: ""
    if len(parts) == 1:
        only = parts[0]
        return (lambda event: only) if isinstance(only, str) else only
    return lambda event: "".join([part if part.__class__ is str else part(event) for part in parts])  # type: ignore


def render(text: str, event: Event) -> str:
    """Render a text that is known only now."""
    return template(text)(event) if "%{" in text else text


def _parts(text: str) -> list[str | Template]:
    parts: list[str | Template] = []
    position = 0
    while True:
        start = text.find("%{", position)
        end = text.find("}", start)
        if start < 0 or end < 0:
            break
        if start > position:
            parts.append(text[position:start])
        inner = text[start + 2 : end]
        if inner.startswith("{") and text[end + 1 : end + 2] == "}":
            end += 1
            parts.append(_java_date(inner[1:]))
        elif inner == "+%s":
            parts.append(_unix)
        elif inner.startswith("+"):
            parts.append(_joda_date(inner[1:]))
        else:
            parts.append(_field(inner))
        position = end + 1
    if position < len(text):
        parts.append(text[position:])
    return parts


def _field(reference: str) -> Template:
    literal = f"%{{{reference}}}"
    try:
        read = getter(reference)
    except ReferenceSyntaxError as error:
        message = str(error)

        def refuse(event: Event) -> str:
            raise EventError(message)

        return refuse

    def field(event: Event) -> str:
        value = read(event)
        if value.__class__ is str:
            return value
        return literal if value is None else text_of(value)

    return field


def _stamp(event: Event) -> Timestamp | None:
    stamp = event.get("@timestamp")
    return stamp if isinstance(stamp, Timestamp) else None


def _unix(event: Event) -> str:
    stamp = _stamp(event)
    return "" if stamp is None else str(stamp.millis // 1000)


def _joda_date(pattern: str) -> Template:
    from harness.languages.logstash.joda import formatter

    return _dated(formatter(pattern))


def _java_date(pattern: str) -> Template:
    from harness.languages.logstash.javatime import formatter

    return _dated(formatter(pattern))


def _dated(write: Callable[[Timestamp], str]) -> Template:
    def date(event: Event) -> str:
        stamp = _stamp(event)
        return "" if stamp is None else write(stamp)

    return date


def text_of(value: Any) -> str:
    """A value as Logstash writes it into a template: lists joined by commas, objects as JSON."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_float(value)
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, dict):
        return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    """A value as compact JSON."""
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def java_float(number: float) -> str:
    """A float as Java's Double.toString, e.g. 1.0E10."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(number)]
    size = abs(number)
    if number == 0 or 1e-3 <= size < 1e7:
        return repr(number)
    return _scientific(number, "E")


def ruby_float(number: float) -> str:
    """A float as Ruby's Float#to_s, e.g. 1.0e+16."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(number)]
    size = abs(number)
    if number == 0 or 1e-4 <= size < 1e16:
        return repr(number)
    mantissa, exponent = _scientific(number, "e").split("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _scientific(number: float, letter: str) -> str:
    digits = repr(number)
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        shortest = len(mantissa.replace("-", "").replace(".", "").strip("0")) or 1
        mantissa, _, exponent = f"{number:.{shortest - 1}e}".partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}{letter}{int(exponent)}"
