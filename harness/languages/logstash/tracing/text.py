"""A trace for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.languages.logstash.sprintf import json_text
from harness.languages.logstash.tracing.changes import Change
from harness.languages.logstash.tracing.tracer import Step

_LONGEST = 160
_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def lines(steps: Sequence[Step]) -> Iterator[str]:
    """One line a step, and one for each field it changed."""
    several = len({step.event for step in steps}) > 1
    places = [f"{step.position.line}:{step.position.column}" for step in steps]
    width = max(map(len, places), default=0)
    for step, place in zip(steps, places, strict=True):
        whose = f"event {step.event}  " if several else ""
        told = step.outcome or ("" if step.changes or step.kind == "branch" else "no change")
        yield f"  {place:>{width}}  {whose}{step.what}{'   → ' if told else ''}{told}"
        for change in step.changes:
            yield f"  {'':>{width}}    {_change(change)}"


def _change(change: Change) -> str:
    mark = _MARKS[change.kind]
    if change.kind == "removed":
        return f"{mark} {change.field}   was {shown(change.before)}"
    if change.kind == "added":
        return f"{mark} {change.field} = {shown(change.after)}"
    return f"{mark} {change.field} = {shown(change.after)}   was {shown(change.before)}"


def shown(value: Any) -> str:
    """A value on one line, its middle left out when it is long."""
    text = json_text(value)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters … {text[-half:]}"
