"""Time as Grafana counts it: ranges, intervals and steps, rounded as its browser and its datasources round them."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from harness.documents.durations import seconds
from harness.errors import UnsupportedError

BROWSER_WIDTH = 1440
_COLUMNS, _MARGIN, _GAP, _PADDING = 24, 16, 8, 9
_SAFE_POINTS = 11000
_RELATIVE = re.compile(r"now(?:\s*-\s*(\d+)([smhdwMy]))?")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}

# Grafana's ladder of intervals in milliseconds: below the left figure an interval becomes the right one.
_LADDER = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000),
    (7500, 5000), (12500, 10000), (17500, 15000), (25000, 20000), (45000, 30000), (90000, 60000), (210000, 120000),
    (450000, 300000), (750000, 600000), (1050000, 900000), (1500000, 1200000), (2700000, 1800000), (5400000, 3600000),
    (9000000, 7200000), (16200000, 10800000), (32400000, 21600000), (86400000, 43200000), (604800000, 86400000),
    (1814400000, 604800000), (3628800000, 2592000000),
)  # fmt: skip
_BOUNDS = tuple(below for below, _ in _LADDER)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What a dashboard shows, in Unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    @classmethod
    def opened(cls, start: str, end: str, now: float) -> TimeRange:
        """The range a dashboard opens with, e.g. `now-1h` to `now`. Raises UnsupportedError for other spellings."""
        return cls(_moment(start, now), _moment(end, now))


def _moment(text: str, now: float) -> float:
    relative = _RELATIVE.fullmatch(text.strip())
    if relative:
        return now - int(relative[1] or 0) * _UNIT_SECONDS[relative[2] or "s"]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        hint = "Understood are now, now-<number><s|m|h|d|w|M|y> and ISO 8601."
        raise UnsupportedError(f"a dashboard's time range {text!r} is not understood here", hint=hint) from None


def points_of_width(grid_columns: int) -> int:
    """How many points a panel asks for: one per pixel it is wide, in a window of BROWSER_WIDTH."""
    column = (BROWSER_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    return max(1, round(grid_columns * column + (grid_columns - 1) * _GAP - 2 * _PADDING))


def rounded(interval_seconds: float) -> float:
    """An interval on Grafana's ladder."""
    milliseconds = interval_seconds * 1000
    place = bisect_right(_BOUNDS, milliseconds)
    return (_LADDER[place][1] if place < len(_LADDER) else 31536000000) / 1000


def interval(shown: TimeRange, max_points: int, minimum_seconds: float) -> float:
    """The interval between points, in seconds: what fits the width, but no less than the minimum."""
    fitting = shown.seconds / max_points
    return minimum_seconds if fitting < minimum_seconds else max(minimum_seconds, rounded(fitting))


def prometheus_step(shown: TimeRange, max_points: int, minimum_seconds: float) -> float:
    """The step of a range query: the interval, unless that would be more points than Prometheus answers with."""
    return max(interval(shown, max_points, minimum_seconds), rounded(shown.seconds / _SAFE_POINTS))


def rate_interval(interval_seconds: float, scrape_seconds: float) -> float:
    """`$__rate_interval`: long enough that every window holds at least four scrapes."""
    return max(interval_seconds + scrape_seconds, 4 * scrape_seconds)


def aligned(moment: float, step: float) -> float:
    """A moment rounded down to a multiple of the step, as the datasource aligns a range query's ends."""
    return math.floor(moment / step) * step


def parsed(text: str, default: float) -> float:
    """The seconds of a duration like `15s` or `1m`; the default when it is empty or a variable."""
    if not text or "$" in text:
        return default
    value = seconds(text.lstrip(">"))
    return default if value is None else value


def short(interval_seconds: float) -> str:
    """An interval in Grafana's short form, in its largest whole unit: `30s`, `5m`, `2h`."""
    milliseconds = round(interval_seconds * 1000)
    for unit, size in (("y", 31536000000), ("d", 86400000), ("h", 3600000), ("m", 60000), ("s", 1000)):
        if milliseconds >= size:
            return f"{milliseconds // size}{unit}"
    return f"{max(1, milliseconds)}ms"


def go_duration(interval_seconds: float) -> str:
    """A duration as Go prints it, which is how `$__rate_interval` reaches Prometheus: `1m15s`, `1h0m0s`."""
    if interval_seconds < 1:
        return f"{round(interval_seconds * 1000)}ms"
    whole, rest = divmod(interval_seconds, 60)
    hours, minutes = divmod(int(whole), 60)
    tail = f"{rest:g}s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail
