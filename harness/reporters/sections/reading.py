"""Reads what was recorded without trusting its shape: a history may be older than the report that shows it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

_FINER_THAN_MICROSECONDS = re.compile(r"(\.\d{6})\d+")


def figure(data: Mapping[str, Any], name: str) -> float | None:
    """A number, or None when there is none."""
    value = data.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and value is not None else None


def whole(data: Mapping[str, Any], name: str) -> int:
    """A count; 0 when there is none. Counts that are recorded with the ids they count are `{total, ids}`."""
    value = data.get(name)
    if isinstance(value, Mapping):
        return whole(value, "total")
    return int(figure(data, name) or 0)


def text(data: Mapping[str, Any], name: str) -> str:
    """A text; empty when there is none."""
    value = data.get(name)
    return "" if value is None else str(value)


def inner(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping inside; empty when there is none."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def entries(data: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """A list inside; empty when there is none."""
    value = data.get(name)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def moment(timestamp: str) -> float | None:
    """RFC 3339 in Unix seconds; Alertmanager writes nanoseconds, which Python does not read."""
    try:
        return datetime.fromisoformat(_FINER_THAN_MICROSECONDS.sub(r"\1", timestamp)).timestamp()
    except ValueError:
        return None


def p95(values: Iterable[float]) -> float | None:
    """The smallest value that at least 95 % of them do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None
