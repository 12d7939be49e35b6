"""Failing cases for people to read: where the case stands, and each field that is not as expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.languages.logstash.cases.matchers import MISSING, Difference, Matcher
from harness.languages.logstash.cases.running import Complaint, Outcome
from harness.languages.logstash.sprintf import json_text

_LONGEST = 240
_BEFORE = 60


def lines(outcome: Outcome) -> Iterator[str]:
    """A failing case."""
    yield f"✗ {outcome.case.position}  {outcome.case.name}"
    event = 0
    for complaint in outcome.complaints:
        if complaint.event != event and len(outcome.actual) > 1:
            yield f"    event {complaint.event}"
        event = complaint.event
        yield from _complaint(complaint)


def _complaint(complaint: Complaint) -> Iterator[str]:
    if complaint.difference is None:
        first, *rest = complaint.message.split("\n")
        yield f"    {first}"
        yield from (f"    {line}" for line in rest)
        return
    difference = complaint.difference
    told = f"{complaint.message}: " if complaint.message else ""
    if difference.expected is MISSING:
        yield f"    {told}{difference.field}   not expected: {_shown(difference.actual)}"
    elif difference.actual is MISSING:
        yield f"    {told}{difference.field}   is missing, expected {_shown(difference.expected)}"
    else:
        expected, actual = _both(difference)
        yield f"    {told}{difference.field}"
        yield f"      expected  {expected}"
        yield f"      is        {actual}"


def _both(difference: Difference) -> tuple[str, str]:
    """Both sides; of long texts, the part where they begin to differ."""
    expected, actual = _shown(difference.expected, whole=True), _shown(difference.actual, whole=True)
    if max(len(expected), len(actual)) <= _LONGEST or isinstance(difference.expected, Matcher):
        return _cut(expected, 0), _cut(actual, 0)
    first = next(
        (index for index, (one, other) in enumerate(zip(expected, actual, strict=False)) if one != other),
        min(len(expected), len(actual)),
    )
    return _cut(expected, first), _cut(actual, first)


def _shown(value: Any, *, whole: bool = False) -> str:
    text = str(value) if isinstance(value, Matcher) else json_text(_plain(value))
    return text if whole else _cut(text, 0)


def _plain(value: Any) -> Any:
    """A value with its matchers as text, to be shown as JSON."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return f"<{value}>" if isinstance(value, Matcher) else value


def _cut(text: str, around: int) -> str:
    if len(text) <= _LONGEST:
        return text
    start = max(0, around - _BEFORE)
    stop = start + _LONGEST
    return f"{'… ' if start else ''}{text[start:stop]}{' …' if stop < len(text) else ''}"
