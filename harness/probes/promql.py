"""Asks a Prometheus for one number at a moment."""

from __future__ import annotations

import requests

from harness.errors import StackError

ANSWER_SECONDS = 30.0


def value(url: str, query: str, at: float) -> float:
    """What an expression that gives one number is at a moment (Unix seconds). Raises StackError for none or several."""
    try:
        answer = requests.get(
            f"{url}/api/v1/query", params={"query": query, "time": f"{at:.3f}"}, timeout=ANSWER_SECONDS
        )
        found = answer.json()["data"]["result"]
    except (requests.RequestException, ValueError, KeyError) as error:
        raise StackError(f"Prometheus does not answer {query}: {type(error).__name__}") from error
    if len(found) != 1:
        raise StackError(f"{query} gives {len(found)} series at {at:.0f}, not one")
    return float(found[0]["value"][1])


def risen(url: str, query: str, begin: float, end: float) -> float:
    """By how much an expression over counters has risen in a window in which none of them began again."""
    return value(url, query, end) - value(url, query, begin)
