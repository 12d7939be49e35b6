"""Reads dates by Joda-Time patterns, with that library's leniency: short and long names, missing year, short fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import lru_cache

from harness.languages.logstash.event import EventError
from harness.languages.logstash.joda import Token, tokens
from harness.languages.logstash.locales import ENGLISH, Locale
from harness.languages.logstash.zones import SHORT_NAMES, ZoneError, epoch_millis, short_zone, zone

_DIGITS = {
    "C": 9,
    "Y": 9,
    "y": 9,
    "x": 9,
    "w": 2,
    "e": 1,
    "D": 3,
    "d": 2,
    "K": 2,
    "h": 2,
    "H": 2,
    "k": 2,
    "m": 2,
    "s": 2,
}
_NUMERIC = frozenset(_DIGITS) | {"S"}
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]?(\d{3}))?)?)?")


@dataclass(frozen=True, slots=True)
class Reader:
    """A compiled pattern."""

    expression: re.Pattern[str]
    letters: tuple[tuple[str, int], ...]
    names: dict[str, int]
    has_year: bool

    def millis(self, text: str, default_zone: tzinfo, today: Callable[[], date]) -> int:
        """Milliseconds since 1970; raises EventError when the text does not fit. `today` guesses a missing year."""
        match = self.expression.fullmatch(text)
        if match is None:
            raise EventError(f"`{text[:80]}` does not fit the date pattern")
        fields: dict[str, str] = {}
        counts: dict[str, int] = {}
        for (letter, count), value in zip(self.letters, match.groups(), strict=True):
            fields[letter] = value
            counts[letter] = count
        try:
            return self._assemble(fields, counts, default_zone, today)
        except (ValueError, OverflowError) as error:
            raise EventError(f"`{text[:80]}` is no valid date: {error}") from error

    def _assemble(
        self, fields: dict[str, str], counts: dict[str, int], default_zone: tzinfo, today: Callable[[], date]
    ) -> int:
        where = _zone_of(fields, counts) or default_zone
        day = self._day(fields, counts, today)
        millis = _time_of_day(fields)
        if self.has_year:
            return epoch_millis(day, millis, where)
        return epoch_millis(_guessed(day, today()), millis, where)

    def _day(self, fields: dict[str, str], counts: dict[str, int], today: Callable[[], date]) -> date:
        letter = "Y" if "Y" in fields else "y"
        year = _year(fields[letter], counts[letter], today) if letter in fields else 2000
        if "C" in fields:
            year = int(fields["C"]) * 100 + year % 100
        weekday = self._weekday(fields)
        if "x" in fields or "w" in fields:
            week_year = _year(fields["x"], counts["x"], today) if "x" in fields else year
            return date.fromisocalendar(week_year, int(fields.get("w", 1)), weekday or 1)
        if "D" in fields:
            number = int(fields["D"])
            day = date(year, 1, 1) + timedelta(days=number - 1)
            if number < 1 or day.year != year:
                raise ValueError(f"day {number} of the year")
        else:
            day = date(year, self._month(fields.get("M", "1")), int(fields.get("d", 1)))
        # Joda-Time sets the weekday last, which moves a date whose weekday is wrong within its week.
        return day + timedelta(days=weekday - day.isoweekday()) if weekday else day

    def _month(self, text: str) -> int:
        return int(text) if text.isdigit() else self.names["M" + text.lower()]

    def _weekday(self, fields: dict[str, str]) -> int | None:
        if "E" in fields:
            return self.names["E" + fields["E"].lower()]
        if "e" not in fields:
            return None
        number = int(fields["e"])
        if not 1 <= number <= 7:
            raise ValueError(f"weekday {number}")
        return number


def _year(text: str, count: int, today: Callable[[], date]) -> int:
    number = int(text)
    if count != 2 or len(text.lstrip("+-")) != 2:
        return number
    pivot = today().year - 30
    return number + (pivot - 20) // 100 * 100 + (100 if number < (pivot - 20) % 100 else 0)


def _guessed(day: date, today: date) -> date:
    """The date in the year it most likely belongs to: events cross the turn of a year."""
    year = today.year
    if day.month == 12 and today.month == 1:
        year -= 1
    elif day.month == 1 and today.month == 12:
        year += 1
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _time_of_day(fields: dict[str, str]) -> int:
    hour = 0
    if "H" in fields:
        hour = _within(fields["H"], 0, 23)
    elif "k" in fields:
        hour = _within(fields["k"], 1, 24) % 24
    elif "h" in fields:
        hour = _within(fields["h"], 1, 12) % 12
    elif "K" in fields:
        hour = _within(fields["K"], 0, 11)
    if "a" in fields and fields["a"].lower() == "pm" and hour < 12:
        hour += 12
    minute, second = _within(fields.get("m", "0"), 0, 59), _within(fields.get("s", "0"), 0, 59)
    fraction = int(fields.get("S", "")[:3].ljust(3, "0") or 0)
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def _within(text: str, low: int, high: int) -> int:
    number = int(text)
    if not low <= number <= high:
        raise ValueError(f"{number} is not within {low} to {high}")
    return number


def _zone_of(fields: dict[str, str], counts: dict[str, int]) -> tzinfo | None:
    if "z" in fields:
        return short_zone(fields["z"])
    if "Z" not in fields:
        return None
    text = fields["Z"]
    if counts["Z"] >= 3:
        return zone(text)
    if text in "Zz":
        return zone("UTC")
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ZoneError(f"`{text}` is no offset")
    return zone(f"{match.group(1)}{match.group(2)}:{match.group(3) or '00'}")


@lru_cache(maxsize=256)
def reader(pattern: str, locale: Locale) -> Reader:
    """Compile a pattern; raises PatternError."""
    parts = tokens(pattern)
    names: dict[str, int] = {}
    expression, letters = [], []
    for index, (text, count) in enumerate(parts):
        if not count:
            expression.append(re.escape(text))
            continue
        next_numeric = index + 1 < len(parts) and _is_numeric(parts[index + 1])
        expression.append(f"({_expression(text, count, next_numeric, locale, names)})")
        letters.append((text, count))
    has_year = any(letter in "yYxC" for letter, count in letters)
    return Reader(re.compile("".join(expression), re.IGNORECASE), tuple(letters), names, has_year)


def _is_numeric(token: Token) -> bool:
    letter, count = token
    return bool(count) and (letter in _NUMERIC or (letter == "M" and count < 3))


def _expression(letter: str, count: int, next_numeric: bool, locale: Locale, names: dict[str, int]) -> str:
    if letter == "M" and count > 2:
        return _names("M", names, [(kind.months, kind.short_months) for kind in (ENGLISH, locale)])
    if letter == "E":
        return _names("E", names, [(kind.days, kind.short_days) for kind in (ENGLISH, locale)])
    if letter == "M":
        return r"\d{1,2}"
    if letter == "S":
        return rf"\d{{0,{count}}}"
    if letter in "yYx":
        if count == 2 and next_numeric:
            return r"\d{2}"
        return rf"[+-]?\d{{1,{count if next_numeric else 9}}}"
    if letter in _DIGITS:
        return rf"\d{{1,{_DIGITS[letter]}}}"
    return {
        "a": "AM|PM",
        "G": "AD|BC|CE|BCE",
        "z": "|".join(sorted(SHORT_NAMES, key=len, reverse=True)),
        "Z": r"Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:[.,]?\d{3})?)?)?" if count < 3 else r"[A-Za-z_+\-/0-9:]+",
    }[letter]


def _names(letter: str, names: dict[str, int], tables: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    for long, short in tables:
        for number, name in [*enumerate(long, 1), *enumerate(short, 1)]:
            names[letter + name.lower()] = number
            names.setdefault(letter + name.lower().rstrip("."), number)
    return "|".join(re.escape(name[1:]) for name in sorted(names, key=len, reverse=True) if name[0] == letter)
