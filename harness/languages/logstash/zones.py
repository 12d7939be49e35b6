"""Time zones as Joda-Time names them: an id of the tz database, `UTC`, or an offset such as `+05:30`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from harness.languages.logstash.event import EventError

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?")
_EPOCH = date(1970, 1, 1).toordinal()
_SHORT = {
    "UT": 0,
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}


class ZoneError(EventError):
    """A text that names no time zone, or a time the zone skips."""


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone of an id; raises ZoneError."""
    if name in ("UTC", "Z", "GMT"):
        return UTC
    match = _OFFSET.fullmatch(name)
    if match:
        offset = timedelta(hours=int(match.group(2)), minutes=int(match.group(3) or 0))
        if offset >= timedelta(hours=24):
            raise ZoneError(f"`{name}` is no time zone")
        return timezone(-offset if match.group(1) == "-" else offset)
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ZoneError(f"`{name}` is no time zone") from error


def short_zone(name: str) -> tzinfo:
    """The few abbreviations Joda-Time reads for the pattern letter `z`."""
    return timezone(timedelta(hours=_SHORT[name.upper()]))


SHORT_NAMES = tuple(_SHORT)


def epoch_millis(day: date, millis_of_day: int, where: tzinfo) -> int:
    """The moment of a local time; a time that daylight saving skips is an error, of two the earlier is taken."""
    local = (day.toordinal() - _EPOCH) * 86_400_000 + millis_of_day
    if where is UTC:
        return local
    seconds = millis_of_day // 1000
    moment = datetime(day.year, day.month, day.day, seconds // 3600, seconds // 60 % 60, seconds % 60, tzinfo=where)
    offset = moment.utcoffset() or timedelta()
    try:
        back = moment.astimezone(UTC).astimezone(where)
    except OverflowError as error:
        raise ZoneError("a time outside of the years 1 to 9999") from error
    if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise ZoneError("a time that daylight saving skips")
    return local - int(offset.total_seconds() * 1000)
