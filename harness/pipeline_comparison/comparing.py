"""Holds two answers against each other, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.languages.logstash.tracing.changes import alike, reference
from harness.model import Position
from harness.pipeline_comparison.answers import Answers, Came
from harness.pipeline_comparison.material import Group

NOTHING: Any = object()
"""The value of a field that is not there."""

LISTED = 40
"""How many differences are listed one by one; the counts beside them are complete."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the interpreter and Logstash make differently of the same event; `field` is empty for an event."""

    at: Position
    name: str
    field: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Left:
    """A question that was not compared, and why."""

    at: Position
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found. `events` were compared; `varying` of their fields differ from one look to the next."""

    events: int = 0
    varying: int = 0
    differences: tuple[Difference, ...] = ()
    left: tuple[Left, ...] = ()

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.events + other.events,
            self.varying + other.varying,
            (*self.differences, *other.differences),
            (*self.left, *other.left),
        )


def compared(group: Group, ours: Answers, again: Answers, arranged: Answers, theirs: Answers) -> Compared:
    """Hold Logstash's answers against the interpreter's.

    `again` are the interpreter's a second time: what differs between its own two answers is compared by type only.
    `arranged` are those to the rearranged pipeline: where they differ, the question is not compared.
    """
    if why := ours.unknown or arranged.unknown or theirs.unknown:
        return _none(group, why)
    if ours.refused or theirs.refused:
        if bool(ours.refused) == bool(theirs.refused):
            return Compared(events=len(group.questions))
        first = group.questions[0]
        mine, other = (f"refuses it: {each.refused}" if each.refused else "runs it" for each in (ours, theirs))
        return Compared(len(group.questions), differences=(Difference(first.at, first.name, "", mine, other),))
    if arranged.refused:
        return _none(group, f"the rearranged pipeline is not valid: {arranged.refused}")
    found = Compared()
    for number, question in enumerate(group.questions):
        own = ours.events[number]
        varying = {path for path, *_ in apart(own, again.events[number])}
        changed = [path for path, *_ in apart(own, arranged.events[number]) if path not in varying]
        if changed:
            why = f"handing it over changes {_named(changed[0])}"
            found += Compared(left=(Left(question.at, question.name, why),))
            continue
        told = [
            Difference(question.at, question.name, _named(path), _shown(mine), _shown(other))
            for path, mine, other in apart(own, theirs.events[number])
            if path not in varying or type(mine) is not type(other)
        ]
        found += Compared(1, len(varying), tuple(told))
    return found


def as_data(found: Compared, root: str = "") -> dict[str, Any]:
    """What was found as an observation holds it: everything counted, the first of it listed, files without `root`."""
    return {
        "events": found.events,
        "varying": found.varying,
        "differing": len(found.differences),
        "differences": [
            {**_place(one, root), "field": one.field, "ours": one.ours[:500], "theirs": one.theirs[:500]}
            for one in found.differences[:LISTED]
        ],
        "not_compared": len(found.left),
        "left": [{**_place(one, root), "why": one.why[:500]} for one in found.left[:LISTED]],
    }


def _place(one: Difference | Left, root: str) -> dict[str, Any]:
    return {
        "file": one.at.file.removeprefix(f"{root}/"),
        "line": one.at.line,
        "column": one.at.column,
        "name": one.name,
    }


def _none(group: Group, why: str) -> Compared:
    return Compared(left=tuple(Left(question.at, question.name, why) for question in group.questions))


def apart(one: Sequence[Came], other: Sequence[Came]) -> Iterator[tuple[Path, Any, Any]]:
    """Where two answers differ: path, value and value. Equal events are paired first, in whatever order they came."""
    rest = [came.as_data() for came in other]
    mine = []
    for data in (came.as_data() for came in one):
        match = next((index for index, each in enumerate(rest) if alike(data, each)), None)
        if match is None:
            mine.append(data)
        else:
            del rest[match]
    several = max(len(one), len(other)) > 1
    for number in range(max(len(mine), len(rest))):
        left = mine[number] if number < len(mine) else NOTHING
        right = rest[number] if number < len(rest) else NOTHING
        yield from _apart((number,) if several or NOTHING in (left, right) else (), left, right)


def _apart(path: Path, one: Any, other: Any) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            yield from _apart((*path, key), one.get(key, NOTHING), other.get(key, NOTHING))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _apart((*path, index), left, right)
    elif one is NOTHING or other is NOTHING or not alike(one, other):
        yield path, one, other


def _named(path: Path) -> str:
    """The field as configurations write it; of several events that came out, which one."""
    fields = [str(key) for key in path]
    if path and isinstance(path[0], int):
        event, fields = f"event {path[0] + 1}", fields[1:]
        return f"{event} {reference(tuple(fields))}".rstrip() if fields else event
    return reference(tuple(fields))


def _shown(value: Any) -> str:
    from harness.languages.logstash.sprintf import json_text

    return "nothing" if value is NOTHING else json_text(value)
