"""Durations as Prometheus, Go and Elasticsearch spell them, in seconds."""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31536000.0,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w|y)")


def seconds(text: str) -> float | None:
    """The seconds of `1h30m`, `500ms`, `0`; None when it is no duration."""
    text = text.strip()
    if text in ("", "0"):
        return 0.0 if text else None
    total, end = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != end:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        end = part.end()
    return total if end == len(text) else None


def spoken(value: float) -> str:
    """Seconds as a person writes them in these files: `5m`, `1h30m`, `0.5s`."""
    if value and value < 1:
        return f"{value * 1000:g}ms"
    parts = []
    rest = value
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        count = int(rest // size)
        if count:
            parts.append(f"{count}{unit}")
            rest -= count * size
    if rest or not parts:
        parts.append(f"{rest:g}s")
    return "".join(parts)
