"""The date filter: parses dates out of fields and uses them as `@timestamp`, or puts them into a target field."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from harness.errors import UnsupportedError
from harness.languages.logstash import iso8601
from harness.languages.logstash.event import Apply, Event, EventError, Timestamp, tag
from harness.languages.logstash.joda import PatternError
from harness.languages.logstash.joda_parse import reader
from harness.languages.logstash.locales import ENGLISH, LOCALES, Locale, locale_of
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import is_dynamic, template, text_of
from harness.languages.logstash.zones import ZoneError, zone

OPTIONS: Options = {
    "locale": Option(),
    "match": Option("array", []),
    "tag_on_failure": Option("array", ["_dateparsefailure"]),
    "target": Option("field", "@timestamp"),
    "timezone": Option(),
}

Parse = Callable[[Any, Event], int]
"""Milliseconds of a field's value; raises EventError when it does not fit."""

_LAST_SECOND = 2**31 - 1
_TAI64N = re.compile(r"@?([0-9a-fA-F]{16})([0-9a-fA-F]{8})?")


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    match = [text_of(item) for item in settings["match"]]
    if len(match) < 2:
        settings.refuse("match", "`match` takes a field name and at least one date pattern")
    read, write = settings.reader_of("match", match[0]), settings.writer("target")
    parsers = [_parser(settings, pattern) for pattern in match[1:]]
    tags = [text_of(name) for name in settings["tag_on_failure"]]
    matched, iso = settings.matched, match[1] == "ISO8601"

    def apply(event: Event) -> None:
        value = read(event)
        if value is None:
            return
        stamp = Timestamp.as_rendered(value) if iso else None
        if stamp is not None:
            write(event, stamp)
            matched(event)
            return
        for parse in parsers:
            try:
                stamp = Timestamp.of_millis(parse(value, event))
            except EventError:
                continue
            write(event, stamp)
            matched(event)
            return
        for name in tags:
            tag(event, name)

    return apply


def _parser(settings: Settings, pattern: str) -> Parse:
    where = _zone(settings)
    if pattern == "ISO8601":
        return lambda value, event: iso8601.millis(_text(value), where(event))
    if pattern in _NUMERIC:
        parse = _NUMERIC[pattern]
        return lambda value, event: parse(value)
    try:
        reads = reader(pattern, _locale(settings, pattern))
    except PatternError as error:
        settings.refuse(
            "match", str(error), "Letters: https://www.joda.org/joda-time/key_format.html; quote text in '…'."
        )

    def today() -> date:
        return datetime.fromtimestamp(settings.now(), UTC).date()

    return lambda value, event: reads.millis(_text(value), where(event), today)


def _locale(settings: Settings, pattern: str) -> Locale:
    """English names are always read too; another language is refused only where names are read."""
    name = settings["locale"]
    if name is None:
        return ENGLISH
    found = locale_of(name)
    if found is None and ("MMM" in pattern or "E" in pattern):
        message = f"date: names of months and days in locale `{name}` are not known to the interpreter"
        raise UnsupportedError(message, at=settings.at("locale"), hint=f"Known languages: {', '.join(LOCALES)}.")
    return found or ENGLISH


def _zone(settings: Settings) -> Callable[[Event], tzinfo]:
    """The zone of dates that carry none: UTC, where a real Logstash takes its host's."""
    name = settings["timezone"] or "UTC"
    if is_dynamic(name):
        write = template(name)
        return lambda event: zone(write(event))
    try:
        fixed = zone(name)
    except ZoneError as error:
        settings.refuse("timezone", str(error))
    return lambda event: fixed


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise EventError("a number is no date in text")
    return value


def _unix(value: Any) -> int:
    """Seconds, of which at most three decimals count."""
    if isinstance(value, bool):
        raise EventError("a boolean is no date")
    if isinstance(value, float):
        if not -_LAST_SECOND <= value <= _LAST_SECOND + 1:
            raise EventError("seconds beyond the year 2038")
        return int(value * 1000)
    text = str(value)
    match = re.fullmatch(r"([+-]?\d{1,18})(?:\.(\d+))?", text)
    if match is None or int(match.group(1)) > _LAST_SECOND:
        raise EventError(f"`{text[:40]}` is no number of seconds")
    return int(match.group(1)) * 1000 + int((match.group(2) or "")[:3].ljust(3, "0"))


def _unix_ms(value: Any) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) < 2**63:
            raise EventError("milliseconds out of range")
        return int(value)
    text = str(value)
    if not re.fullmatch(r"[+-]?\d{1,18}", text):
        raise EventError(f"`{text[:40]}` is no number of milliseconds")
    return int(text)


def _tai64n(value: Any) -> int:
    """A TAI64N label: seconds since 2^62, ten of them leap seconds, and nanoseconds."""
    match = _TAI64N.fullmatch(str(value))
    if match is None:
        raise EventError("no TAI64N label")
    seconds = int(match.group(1), 16) - 2**62 - 10
    return seconds * 1000 + int(match.group(2) or "0", 16) // 1_000_000


_NUMERIC: dict[str, Callable[[Any], int]] = {"UNIX": _unix, "UNIX_MS": _unix_ms, "TAI64N": _tai64n}
