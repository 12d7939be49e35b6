"""From a claim to what it rests on: for each check the lines of the history that it was shown, with an excerpt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.model import History, Judgement
from harness.reporters.summary import Standing, standing

LONGEST_EXCERPT = 220


@dataclass(frozen=True, slots=True)
class Seen:
    """Observations of one kind: their lines, as spans, how many there are, and the beginning of the first."""

    kind: str
    lines: str
    count: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One check that judged the history."""

    check: str
    anchor: str
    title: str
    standing: Standing
    judgement: Judgement
    seen: tuple[Seen, ...]


def claims(judgements: Iterable[Judgement], history: History) -> tuple[Claim, ...]:
    """Every check that was shown something of the history, by id."""
    return tuple(
        Claim(j.check, anchor(j.check), j.title, standing(j), j, tuple(_seen(history, j)))
        for j in sorted(judgements, key=lambda one: one.check)
        if j.records
    )


def anchor(check: str) -> str:
    """The id of a check's row on the page."""
    return "check-" + re.sub(r"[^a-z0-9]+", "-", check.lower()).strip("-")


def _seen(history: History, judgement: Judgement) -> Iterable[Seen]:
    for record in judgement.records:
        line = record.lines[0]
        excerpt = ""
        if line <= len(history.observations):
            first = history.observations[line - 1]
            told = json.dumps(first.data, ensure_ascii=False, sort_keys=True, default=str)
            excerpt = f"{line}: {first.subject} {told}"
        cut = excerpt if len(excerpt) <= LONGEST_EXCERPT else excerpt[:LONGEST_EXCERPT] + " …"
        yield Seen(record.kind, str(record), len(record.lines), cut)
