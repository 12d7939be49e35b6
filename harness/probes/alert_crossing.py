"""When an alert's expression became true, asked of the Prometheus that evaluated it. Judges nothing."""

from __future__ import annotations

import requests

ANSWER_SECONDS = 5.0
PRECISION_SECONDS = 0.01


def crossed(url: str, expr: str, labels: dict[str, str], *, before: float, window_seconds: float) -> float | None:
    """The moment (Unix seconds) in the window before `before` at which the expression begins to hold for these labels.

    That is the timestamp of the sample that decided it. None when it holds all through the window, or not at its end.
    """
    first, last = before - window_seconds, before
    if _holds(url, expr, labels, first) or not _holds(url, expr, labels, last):
        return None
    while last - first > PRECISION_SECONDS:
        middle = (first + last) / 2
        if _holds(url, expr, labels, middle):
            last = middle
        else:
            first = middle
    return last


def _holds(url: str, expr: str, labels: dict[str, str], at: float) -> bool:
    """Whether the expression has a result, at a moment, whose labels are among those of the alert."""
    answer = requests.get(f"{url}/api/v1/query", params={"query": expr, "time": f"{at:.3f}"}, timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    found = answer.json()["data"]["result"]
    return any({n: v for n, v in one["metric"].items() if n != "__name__"}.items() <= labels.items() for one in found)
