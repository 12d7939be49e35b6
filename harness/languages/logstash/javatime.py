"""java.time patterns, written `%{{yyyy-MM-dd}}` in a template: writing a timestamp, in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from harness.languages.logstash.event import EventError, Timestamp
from harness.languages.logstash.locales import ENGLISH

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")


@lru_cache(maxsize=512)
def formatter(pattern: str) -> Callable[[Timestamp], str]:
    """Writes a timestamp by a pattern; `TIME_NOW` writes the current time instead."""
    if pattern == "TIME_NOW":
        return lambda stamp: Timestamp.of_millis(int(datetime.now(UTC).timestamp() * 1000))
    return lambda stamp: "".join(_write(match, stamp.moment) for match in _TOKEN.finditer(pattern))


def _write(match: re.Match[str], moment: datetime) -> str:
    text = match.group()
    if match.group(2) is None:
        if text == "'":
            raise EventError("an unclosed quote in a date pattern")
        quoted = match.group(1)
        return text if quoted is None else quoted.replace("''", "'") or "'"
    writer = _WRITERS.get(text[0])
    if writer is None:
        raise EventError(f"date pattern letter `{text[0]}` is not supported in `%{{{{…}}}}`")
    return writer(moment, len(text))


def _year(year: int, count: int) -> str:
    return f"{year % 100:02}" if count == 2 else f"{year:0{count}}"


def _padded(number: int, count: int) -> str:
    return f"{number:0{count}}"


def _month(moment: datetime, count: int) -> str:
    if count > 2:
        return ENGLISH.month(moment.month, short=count == 3)[: 1 if count == 5 else None]
    return _padded(moment.month, count)


def _weekday(moment: datetime, count: int) -> str:
    return ENGLISH.day(moment.isoweekday(), short=count < 4)[: 1 if count == 5 else None]


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "G": lambda moment, count: "AD" if count < 4 else "Anno Domini",
    "y": lambda moment, count: _year(moment.year, count),
    "u": lambda moment, count: _year(moment.year, count),
    # Weeks by ISO 8601: the JVM's root locale starts its weeks on Monday and needs four days in the first.
    "Y": lambda moment, count: _year(moment.isocalendar().year, count),
    "w": lambda moment, count: _padded(moment.isocalendar().week, count),
    "D": lambda moment, count: _padded(moment.timetuple().tm_yday, count),
    "M": _month,
    "L": _month,
    "d": lambda moment, count: _padded(moment.day, count),
    "Q": lambda moment, count: _padded((moment.month + 2) // 3, count),
    "E": _weekday,
    "e": lambda moment, count: _padded(moment.isoweekday(), count) if count < 3 else _weekday(moment, count),
    "a": lambda moment, count: "AM" if moment.hour < 12 else "PM",
    "K": lambda moment, count: _padded(moment.hour % 12, count),
    "h": lambda moment, count: _padded(moment.hour % 12 or 12, count),
    "H": lambda moment, count: _padded(moment.hour, count),
    "k": lambda moment, count: _padded(moment.hour or 24, count),
    "m": lambda moment, count: _padded(moment.minute, count),
    "s": lambda moment, count: _padded(moment.second, count),
    "S": lambda moment, count: f"{moment.microsecond:06}".ljust(count, "0")[:count],
    "n": lambda moment, count: _padded(moment.microsecond * 1000, count),
    "A": lambda moment, count: _padded(
        ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1000 + moment.microsecond // 1000, count
    ),
    "V": lambda moment, count: "Z",
    "z": lambda moment, count: "Z",
    "X": lambda moment, count: "Z",
    "x": lambda moment, count: "+00" if count == 1 else "+0000" if count in (2, 4) else "+00:00",
    "Z": lambda moment, count: "+0000" if count < 4 else "GMT" if count == 4 else "Z",
    "O": lambda moment, count: "GMT",
}
