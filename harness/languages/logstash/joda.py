"""Joda-Time patterns such as `dd/MMM/yyyy:HH:mm:ss Z`: writing dates for templates; `joda_parse` reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from harness.languages.logstash.event import EventError, Timestamp
from harness.languages.logstash.locales import ENGLISH

Token = tuple[str, int]
"""A letter with its count, or a literal with count 0."""

_LETTERS = frozenset("GCYxweEyDMdaKhHkmsSzZ")
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
_DAILY = frozenset("GCYxweEyDMd")


class PatternError(EventError):
    """A date pattern that Joda-Time would not accept."""


@lru_cache(maxsize=512)
def tokens(pattern: str) -> tuple[Token, ...]:
    """Split a pattern into letters and literals; raises PatternError for a letter that means nothing."""
    if not pattern:
        raise PatternError("an empty date pattern")
    found: list[Token] = []
    for match in _TOKEN.finditer(pattern):
        text = match.group()
        if match.group(2):
            if text[0] not in _LETTERS:
                raise PatternError(f"illegal letter `{text[0]}` in date pattern `{pattern}`")
            found.append((text[0], len(text)))
        elif match.group(1) is not None:
            found.append((match.group(1).replace("''", "'") or "'", 0))
        elif text == "'":
            raise PatternError(f"an unclosed quote in date pattern `{pattern}`")
        else:
            found.append((text, 0))
    return tuple(found)


@lru_cache(maxsize=512)
def formatter(pattern: str) -> Callable[[Timestamp], str]:
    """Writes a timestamp, in UTC, by a pattern."""
    try:
        parts = tokens(pattern)
    except PatternError as error:
        message = str(error)

        def refuse(stamp: Timestamp) -> str:
            raise EventError(message)

        return refuse
    if all(not count or letter in _DAILY for letter, count in parts):
        # Index names ask for the same day over and over.
        by_day = lru_cache(maxsize=256)(lambda day: _write(parts, Timestamp(f"{day}T00:00:00.000Z")))
        return lambda stamp: by_day(stamp[:10])
    return lambda stamp: _write(parts, stamp)


def _write(parts: tuple[Token, ...], stamp: Timestamp) -> str:
    moment = stamp.moment
    return "".join(text if not count else _WRITERS[text](moment, count) for text, count in parts)


def _year(year: int, count: int) -> str:
    return f"{year % 100:02}" if count == 2 else f"{year:0{count}}"


def _padded(number: int, count: int) -> str:
    return f"{number:0{count}}"


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "G": lambda moment, count: "AD",
    "C": lambda moment, count: _padded(moment.year // 100, count),
    "Y": lambda moment, count: _year(moment.year, count),
    "y": lambda moment, count: _year(moment.year, count),
    "x": lambda moment, count: _year(moment.isocalendar().year, count),
    "w": lambda moment, count: _padded(moment.isocalendar().week, count),
    "e": lambda moment, count: _padded(moment.isoweekday(), count),
    "E": lambda moment, count: ENGLISH.day(moment.isoweekday(), short=count < 4),
    "D": lambda moment, count: _padded(moment.timetuple().tm_yday, count),
    "M": lambda moment, count: (
        ENGLISH.month(moment.month, short=count == 3) if count > 2 else _padded(moment.month, count)
    ),
    "d": lambda moment, count: _padded(moment.day, count),
    "a": lambda moment, count: "AM" if moment.hour < 12 else "PM",
    "K": lambda moment, count: _padded(moment.hour % 12, count),
    "h": lambda moment, count: _padded(moment.hour % 12 or 12, count),
    "H": lambda moment, count: _padded(moment.hour, count),
    "k": lambda moment, count: _padded(moment.hour or 24, count),
    "m": lambda moment, count: _padded(moment.minute, count),
    "s": lambda moment, count: _padded(moment.second, count),
    "S": lambda moment, count: f"{moment.microsecond // 1000:03}".ljust(count, "0")[:count],
    "z": lambda moment, count: "UTC" if count < 4 else "Coordinated Universal Time",
    "Z": lambda moment, count: ("+0000", "+00:00", "UTC")[min(count, 3) - 1],
}
