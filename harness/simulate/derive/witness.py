"""A value for a label that fulfils its matchers: one the catalog knows, else one made from the pattern itself."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.languages.metrics import admitted
from harness.languages.promql import Matcher

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the parser of `re` has no public name; it is the one that reads what it reads
    from re import _constants as constants  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]

PLAIN = ("simulated", "other", "a", "1", "0", "200", "")
"""What a label may be when nobody says: tried in turn."""


def fulfils(value: str, matchers: Iterable[Matcher]) -> bool:
    """Whether a value passes every matcher, which are all about one label."""
    return all(admitted((value,), matcher.op, matcher.value) for matcher in matchers)


def witness(
    matchers: Sequence[Matcher], known: Sequence[str] = (), avoiding: Sequence[Sequence[Matcher]] = ()
) -> str | None:
    """A value that fulfils the matchers, and if possible none of the sets in `avoiding`; None when there is none."""
    fitting = [value for value in _candidates(matchers, known, avoiding) if fulfils(value, matchers)]
    for value in fitting:
        if not any(fulfils(value, other) for other in avoiding):
            return value
    return fitting[0] if fitting else None


def _candidates(
    matchers: Sequence[Matcher], known: Sequence[str], avoiding: Sequence[Sequence[Matcher]]
) -> Iterator[str]:
    yield from known
    for matcher in matchers:
        if matcher.op == "=":
            yield matcher.value
        elif matcher.op == "=~":
            yield from samples(matcher.value)
    yield from PLAIN
    for others in avoiding:
        yield from (f"{matcher.value}-other" for matcher in others)


def samples(pattern: str) -> list[str]:
    """Some texts that a regular expression matches, one for each of its alternatives as far as that is simple."""
    try:
        tree = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return []
    return _sequence(list(tree))[:16]


def _sequence(items: list[Any]) -> list[str]:
    found = [""]
    for operator, argument in items:
        found = [head + tail for head in found for tail in _one(operator, argument)][:16]
    return found


def _one(operator: Any, argument: Any) -> list[str]:
    if operator is constants.LITERAL:
        return [chr(argument)]
    if operator is constants.ANY:
        return ["x"]
    if operator is constants.NOT_LITERAL:
        return ["x" if argument != ord("x") else "y"]
    if operator is constants.IN:
        return [_member(argument)]
    if operator is constants.BRANCH:
        return [text for branch in argument[1] for text in _sequence(list(branch))]
    if operator is constants.SUBPATTERN:
        return _sequence(list(argument[3]))
    if operator in (constants.MAX_REPEAT, constants.MIN_REPEAT):
        least, _, inner = argument
        return [text * max(1, least) for text in _sequence(list(inner))]
    return [""]


def _member(members: Any) -> str:
    negated = bool(members) and members[0][0] is constants.NEGATE
    if not negated:
        operator, argument = members[0]
        if operator is constants.LITERAL:
            return chr(argument)
        if operator is constants.RANGE:
            return chr(argument[0])
    categories = {constants.CATEGORY_DIGIT: "5", constants.CATEGORY_WORD: "x", constants.CATEGORY_SPACE: " "}
    if not negated and members[0][0] is constants.CATEGORY:
        return categories.get(members[0][1], "-")
    return "x"
