"""promtool's series notation, the language scenarios are written in: `0+45x600`, `1x20 0x40`, `_x3`, `1 2 stale`."""

from __future__ import annotations

import re

from harness.errors import UnreadableError
from harness.model import Position

STEP_SECONDS = 15.0

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|inf|nan)"
_EXPANDING = re.compile(rf"^({_NUMBER})(?:([-+])({_NUMBER}))?x(\d+)$", re.IGNORECASE)
_GAP = re.compile(r"^_(?:x(\d+))?$")
_SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?$", re.DOTALL)
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

Labels = tuple[tuple[str, str], ...]


def values(notation: str, at: Position) -> tuple[float | None, ...]:
    """The values of a series, one per step; None where there is no sample. Raises UnreadableError.

    As promtool reads it: `a+bxn` is a, a+b, …, a+n·b (n+1 values), `axn` is a repeated n+1 times, `_` is a missing
    sample. Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
    """
    result: list[float | None] = []
    for word in notation.split():
        if gap := _GAP.match(word):
            result.extend([None] * int(gap.group(1) or 1))
        elif word == "stale":
            result.append(None)
        elif expanding := _EXPANDING.match(word):
            start, sign, step, times = expanding.groups()
            slope = float(step) * (-1 if sign == "-" else 1) if step else 0.0
            result.extend(float(start) + slope * i for i in range(int(times) + 1))
        elif re.fullmatch(_NUMBER, word, re.IGNORECASE):
            result.append(float(word))
        else:
            raise UnreadableError(
                f"not promtool's series notation: {word!r}",
                at=at,
                hint="Write e.g. '0+45x600', '1x20 0x40', '_x3' or '5'.",
            )
    if not result:
        raise UnreadableError("a series without values", at=at)
    return tuple(result)


def series(text: str, at: Position) -> tuple[str, Labels]:
    """The metric name and labels of `name{label="value",…}`. Raises UnreadableError."""
    match = _SERIES.match(text.strip())
    if not match:
        raise UnreadableError(f"not a series: {text!r}", at=at, hint="Write e.g. 'up{job=\"grafana\"}'.")
    name, inside = match.group(1), (match.group(2) or "").strip()
    labels: list[tuple[str, str]] = []
    position = 0
    while position < len(inside):
        label = _LABEL.match(inside, position)
        if not label:
            raise UnreadableError(f"not a label: {inside[position:]!r}", at=at)
        labels.append((label.group(1), _ESCAPE.sub(_unescaped, label.group(2))))
        position = label.end()
    return name, tuple(sorted(labels))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape.group(1) == "n" else escape.group(1)
