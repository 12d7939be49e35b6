"""What flows through a pipeline: plain dicts, with `@metadata` inside and `@timestamp` as a `Timestamp`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from harness.model import Position

Event = dict[str, Any]
Apply = Callable[[Event], "list[Event] | None"]
"""What a filter does to an event: changes it in place and returns None, or returns the events that take its place."""

_DAY_MILLIS = 86_400_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_RENDERED = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?"
)


class EventError(Exception):
    """Something an event does not allow, e.g. a field below a string. Most filters turn it into a tag."""

    position: Position | None = None


UNEXPECTED = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, TimeoutError, MemoryError)
"""What an operation may run into on values nobody foresaw; it is told with a place, not as a crash."""


def described(error: Exception) -> str:
    """An unexpected error in words."""
    if isinstance(error, RecursionError):
        return "a value that is nested too deeply"
    if isinstance(error, TimeoutError):
        return f"a regular expression took longer than {REGEX_SECONDS} s"
    return f"{error} ({type(error).__name__})"


REGEX_SECONDS = 10
"""How long a regular expression without a timeout of its own may take; Logstash would hang."""


class Timestamp(str):
    """A point in time, held as the text events show: ISO 8601 in UTC with milliseconds."""

    __slots__ = ()

    @classmethod
    def of_millis(cls, millis: int) -> Timestamp:
        """From milliseconds since 1970."""
        days, rest = divmod(millis, _DAY_MILLIS)
        seconds, fraction = divmod(rest, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return cls(f"{_day(days)}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")

    @classmethod
    def coerce(cls, value: object) -> Timestamp | None:
        """From what a source delivered as `@timestamp`; None when it is no ISO 8601 date."""
        if isinstance(value, Timestamp):
            return value
        if not isinstance(value, str):
            return None
        return cls.as_rendered(value) or _iso(value)

    @classmethod
    def as_rendered(cls, value: object) -> Timestamp | None:
        """From a text that is a timestamp's own form already, which most are; None when it is not, or needs a look."""
        if isinstance(value, str) and _RENDERED.fullmatch(value) and value[8:10] <= "28":
            return cls(value)
        return None

    @property
    def moment(self) -> datetime:
        """As an aware datetime in UTC."""
        return datetime(
            int(self[:4]),
            int(self[5:7]),
            int(self[8:10]),
            int(self[11:13]),
            int(self[14:16]),
            int(self[17:19]),
            int(self[20:23]) * 1000,
            UTC,
        )

    @property
    def millis(self) -> int:
        """As milliseconds since 1970."""
        days = date(int(self[:4]), int(self[5:7]), int(self[8:10])).toordinal() - _EPOCH_ORDINAL
        seconds = int(self[11:13]) * 3600 + int(self[14:16]) * 60 + int(self[17:19])
        return days * _DAY_MILLIS + seconds * 1000 + int(self[20:23])


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    try:
        return date.fromordinal(days + _EPOCH_ORDINAL).isoformat()
    except (ValueError, OverflowError) as error:
        raise EventError("a time outside of the years 1 to 9999") from error


def _iso(text: str) -> Timestamp | None:
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        moment -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    return Timestamp(f"{moment:%Y-%m-%dT%H:%M:%S}.{(fraction or '')[:3]:0<3}Z".rjust(24, "0"))


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta()
    digits = str(zone)[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if str(zone)[0] == "-" else offset


def copied(value: Any) -> Any:
    """A deep copy of an event's value: dicts and lists are copied, the rest is immutable."""
    if value.__class__ is dict:
        return {key: copied(item) if item.__class__ in _CONTAINERS else item for key, item in value.items()}
    if value.__class__ is list:
        return [copied(item) if item.__class__ in _CONTAINERS else item for item in value]
    return value


_CONTAINERS = (dict, list)


def prepare(event: Event, now: Callable[[], float]) -> Event:
    """Give an event what every event has: `@timestamp` (read time unless it brings one), `@version`, `@metadata`."""
    stamp = event.get("@timestamp")
    if stamp.__class__ is not Timestamp:
        found = Timestamp.coerce(stamp)
        event["@timestamp"] = found or Timestamp.of_millis(int(now() * 1000))
        if found is None and stamp is not None:
            event["_@timestamp"] = stamp if isinstance(stamp, str) else str(stamp)
            tag(event, "_timestampparsefailure")
    if "@version" not in event:
        event["@version"] = "1"
    if event.get("@metadata").__class__ is not dict:
        event["@metadata"] = {}
    return event


def tag(event: Event, name: str) -> None:
    """Add a tag unless the event carries it; a single tag given as a string becomes a list."""
    tags = event.get("tags")
    if tags is None:
        event["tags"] = [name]
    elif isinstance(tags, list):
        if name not in tags:
            event["tags"] = [*tags, name]
    elif tags != name:
        event["tags"] = [tags, name]
