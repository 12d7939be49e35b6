"""The interpreter against cases from the public specs of Logstash's filters, which are not in this repository."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.languages.logstash import Pipeline

_CASES = Path(
    os.environ.get("HARNESS_CONFORMANCE")
    or Path(__file__).resolve().parents[2] / "../shared/conformance/logstash-filters.ndjson"
)
_NEEDED = 0.97
_DIFFERENT = {
    "grok-38aae6a9db": "written with Ruby's escapes: as it stands, `\\\\[` opens a character class in Logstash as well",
}


def _reference(event: Any, name: str) -> tuple[Any, bool]:
    found = event
    for key in re.findall(r"\[([^\[\]]+)\]", name) if name.startswith("[") else [name]:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None, False
    return found, True


def _path(events: list[dict[str, Any]], index: str, path: str) -> Any:
    found: Any = events[-1] if index == ".last" else events[int(index.strip("[]") or 0)]
    for key in re.findall(r"[\[(]\s*[\"']?(.*?)[\"']?\s*[\])]", path):
        found = found.get(key) if isinstance(found, dict) else None
    return found


_HOLDS: dict[str, Callable[[list[dict[str, Any]], list[Any]], bool]] = {
    "eq": lambda events, a: _reference(events[0], a[1])[0] == a[2],
    "ne": lambda events, a: _reference(events[0], a[1])[0] != a[2],
    "eq/include": lambda events, a: a[2] in (_reference(events[0], a[1])[0] or ()),
    "ne/include": lambda events, a: a[2] not in (_reference(events[0], a[1])[0] or ()),
    "has": lambda events, a: a[2] in (_reference(events[0], a[1])[0] or ()),
    "hasnot": lambda events, a: a[2] not in (_reference(events[0], a[1])[0] or ()),
    "has_field": lambda events, a: _reference(events[0], a[1])[1],
    "no_field": lambda events, a: not _reference(events[0], a[1])[1],
    "path": lambda events, a: _path(events, a[1], a[2]) == a[3],
    "ts": lambda events, a: datetime.fromisoformat(events[0]["@timestamp"]) == datetime.fromisoformat(a[1]),
    "count": lambda events, a: len(events) == a[1],
    "dropped": lambda events, a: not events,
    "kept": lambda events, a: len(events) == 1,
    "type": lambda events, a: True,
    "isa": lambda events, a: True,
}


def _failure(case: dict[str, Any]) -> str:
    """Why a case does not hold, or nothing."""
    inputs = case["input"] if isinstance(case["input"], list) else [case["input"]]
    raises = any(assertion[0] == "raises" for assertion in case["asserts"])
    try:
        pipeline = Pipeline.from_text(case["config"], case["id"])
        given = [{"message": one} if isinstance(one, str) else one for one in inputs]
        events = [event for one in given for event in pipeline.process(one)]
    except HarnessError as error:
        return "" if raises else f"{case['id']}: {error}"
    for assertion in case["asserts"]:
        if assertion[0] == "raises" or not _HOLDS[assertion[0]](events, assertion):
            return f"{case['id']}: {assertion} does not hold of {events}"
    return ""


@pytest.mark.skipif(
    not _CASES.is_file(), reason=f"no conformance cases at {_CASES}; name a file in HARNESS_CONFORMANCE"
)
def test_the_documented_behaviour_of_the_filters() -> None:
    cases = [json.loads(line) for line in _CASES.read_text(encoding="utf-8").splitlines() if line.strip()]
    failures = [failure for failure in map(_failure, cases) if failure]
    unexplained = [failure for failure in failures if failure.split(":")[0] not in _DIFFERENT]
    assert len(cases) - len(failures) >= _NEEDED * len(cases), "\n".join(unexplained)
    if "HARNESS_CONFORMANCE" not in os.environ:
        assert not unexplained, "\n".join(unexplained)
