"""Reads ISO 8601 dates the way the date filter's `ISO8601` does, including its casual forms with a space."""

from __future__ import annotations

import re
from datetime import date, timedelta, tzinfo

from harness.languages.logstash.event import EventError
from harness.languages.logstash.zones import epoch_millis, zone

_DATE = (
    r"(?P<year>[+-]?\d{4,9})(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<ordinal>\d{3})"
    r"|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
)
_TIME = r"(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?(?:[.,](?P<fraction>\d+))?"
_ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d{1,3})?)?)?)"
_ISO = re.compile(rf"{_DATE}(?:T(?:{_TIME})?{_ZONE}?)?", re.IGNORECASE)
_TIME_ALONE = re.compile(rf"T{_TIME}{_ZONE}?", re.IGNORECASE)
_CASUAL = re.compile(
    r"(?P<year>\d{1,9})-(?P<month>\d{1,2})-(?P<day>\d{1,2}) (?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})"
    rf"[.,](?P<fraction>\d{{0,3}}){_ZONE}?",
    re.IGNORECASE,
)
_FAST = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z")


def millis(text: str, default_zone: tzinfo) -> int:
    """Milliseconds since 1970; raises EventError when the text is no such date."""
    try:
        fast = _FAST.fullmatch(text)
        if fast:
            year, month, day, hour, minute, second, fraction = fast.groups()
            return epoch_millis(
                date(int(year), int(month), int(day)), _of_day(hour, minute, second, fraction), zone("UTC")
            )
        match = _ISO.fullmatch(text) or _CASUAL.fullmatch(text)
        if match is None:
            match = _TIME_ALONE.fullmatch(text)
            if match is None:
                raise EventError(f"`{text[:80]}` is no ISO 8601 date")
            day_of = date(1970, 1, 1)
        else:
            day_of = _day(match.groupdict())
        parts = match.groupdict()
        where = _zone(parts["zone"]) if parts["zone"] else default_zone
        return epoch_millis(day_of, _of_day(parts["hour"], parts["minute"], parts["second"], parts["fraction"]), where)
    except (ValueError, OverflowError) as error:
        raise EventError(f"`{text[:80]}` is no valid date: {error}") from error


def _day(parts: dict[str, str | None]) -> date:
    year = int(parts["year"] or 0)
    if parts.get("week"):
        return date.fromisocalendar(year, int(parts["week"] or 1), int(parts["weekday"] or 1))
    if parts.get("ordinal"):
        day = date(year, 1, 1) + timedelta(days=int(parts["ordinal"] or 1) - 1)
        if day.year != year:
            raise ValueError("day of the year out of range")
        return day
    return date(year, int(parts["month"] or 1), int(parts["day"] or 1))


def _of_day(hour: str | None, minute: str | None, second: str | None, fraction: str | None) -> int:
    """Milliseconds of the day; a fraction belongs to the smallest unit that is written."""
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{hours}:{minutes}:{seconds} is no time")
    total = ((hours * 60 + minutes) * 60 + seconds) * 1000
    if fraction:
        unit = 1000 if second is not None else 60_000 if minute is not None else 3_600_000
        total += int(fraction[:9]) * unit // 10 ** len(fraction[:9])
    return total


def _zone(text: str) -> tzinfo:
    if text in "Zz":
        return zone("UTC")
    digits = text[1:].replace(":", "").ljust(4, "0")
    return zone(f"{text[0]}{digits[:2]}:{digits[2:4]}")
