"""Alertmanager's time intervals: what is written wrongly in them, and whether they are ever, or always, in force."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.documents.positions import View
from harness.model import Position

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")

Fault = tuple[Position, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """When an interval is in force: always, never, or now and then."""

    always: bool
    never: bool


def reach(interval: View) -> Reach:
    """How far a named interval reaches, over all its entries; of one that is written wrongly nothing is said."""
    entries = [item for item in _items(interval["time_intervals"]) if isinstance(item.value, dict)]
    if not entries or any(True for _ in faults(interval)):
        return Reach(False, False)
    found = [_entry(item) for item in entries]
    return Reach(any(one.always for one in found), all(one.never for one in found))


def faults(interval: View) -> Iterator[Fault]:
    """What Alertmanager 0.31 refuses in a named interval."""
    for entry in _items(interval["time_intervals"]):
        if not isinstance(entry.value, dict):
            continue
        zone = entry.value.get("location")
        if isinstance(zone, str) and zone not in ("", "Local") and not _is_zone(zone):
            yield entry["location"].at(), f"there is no time zone {zone}; write it like Europe/Berlin"
        for times in _items(entry["times"]):
            yield from _times(times)
        for name, number in _NUMBERS.items():
            for item in _items(entry[name]):
                try:
                    begin, end = _range(str(item.value), number)
                except ValueError as error:
                    yield item.at(), str(error)
                    continue
                # Days may be counted from the end of the month, and then are below zero.
                if begin > end and (begin > 0) == (end > 0):
                    yield item.at(), f"{item.value}: the end is before the beginning"


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return not zoneinfo.available_timezones()  # a machine that knows none cannot tell
    return True


def _items(view: View) -> list[View]:
    return [view[index] for index in range(len(view.value))] if isinstance(view.value, list) else []


def _times(view: View) -> Iterator[Fault]:
    if not isinstance(view.value, dict):
        return
    said = [str(view.value.get(name) or "") for name in ("start_time", "end_time")]
    for name, text in zip(("start_time", "end_time"), said, strict=True):
        if text and not _TIME.fullmatch(text):
            yield view[name].at(), f"`{name}` is no time: {text!r}; write it like 08:00"
            return
    if all(said) and said[0] >= said[1]:
        yield view["start_time"].at(), "the start is not before the end; an interval over midnight is two"


def _range(text: str, number: Callable[[str], int]) -> tuple[int, int]:
    begin, _, end = text.partition(":")
    return number(begin.strip()), number((end or begin).strip())


def _weekday(text: str) -> int:
    if text.lower() not in _DAYS:
        raise ValueError(f"{text} is no day of the week; write monday, or monday:friday")
    return _DAYS.index(text.lower())


def _month(text: str) -> int:
    if text.lower() in _MONTHS:
        return _MONTHS.index(text.lower()) + 1
    if text.isdigit() and 1 <= int(text) <= 12:
        return int(text)
    raise ValueError(f"{text} is no month; write january or 1")


def _day(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text) or not 1 <= abs(int(text)) <= 31:
        raise ValueError(f"{text} is no day of the month; write 1 to 31, or -1 for the last")
    return int(text)


def _year(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{text} is no year")
    return int(text)


_NUMBERS: dict[str, Callable[[str], int]] = {
    "weekdays": _weekday,
    "days_of_month": _day,
    "months": _month,
    "years": _year,
}


def _entry(view: View) -> Reach:
    """One entry: all its parts must fit."""
    months = _covered(view, "months", 12) or set(range(1, 13))
    days = [_range(str(item.value), _day) for item in _items(view["days_of_month"])]
    possible = not days or any(_exists(begin, end, _LONGEST[month - 1]) for begin, end in days for month in months)
    whole_day = not _items(view["times"]) or any(
        item.value.get("start_time") == "00:00" and item.value.get("end_time") == "24:00"
        for item in _items(view["times"])
        if isinstance(item.value, dict)
    )
    weekdays = {day + 1 for day in _covered(view, "weekdays", 7, _weekday)} or set(range(1, 8))
    all_days = not days or any(begin in (1, -31) and end in (31, -1) for begin, end in days)
    anywhen = len(months) == 12 and len(weekdays) == 7 and all_days and not _items(view["years"])
    return Reach(anywhen and whole_day, not possible)


def _covered(view: View, name: str, count: int, number: Callable[[str], int] = _month) -> set[int]:
    found: set[int] = set()
    for item in _items(view[name]):
        begin, end = _range(str(item.value), number)
        found.update(range(begin, min(end, count) + 1))
    return found


def _exists(begin: int, end: int, longest: int) -> bool:
    """Whether a span of days has one in a month of that length."""
    first = begin if begin > 0 else max(1, longest + begin + 1)
    last = min(end if end > 0 else longest + end + 1, longest)
    return first <= last
