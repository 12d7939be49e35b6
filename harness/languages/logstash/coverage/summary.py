"""Coverage in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.languages.logstash.coverage.recorder import Kind, Point

NAMES: dict[Kind, str] = {
    "filter": "filters",
    "branch": "branches",
    "grok": "grok alternatives",
    "output": "outputs",
}


def counts(points: Sequence[Point]) -> dict[Kind, tuple[int, int]]:
    """How many of each kind were used, and how many there are; kinds that do not occur are left out."""
    found: dict[Kind, tuple[int, int]] = {}
    for kind in NAMES:
        of_kind = [point for point in points if point.kind == kind]
        if of_kind:
            found[kind] = (sum(point.hits > 0 for point in of_kind), len(of_kind))
    return found


def text(points: Sequence[Point]) -> Iterator[str]:
    """A line of numbers, then everything that no event went through."""
    parts = [f"{NAMES[kind]} {used} of {all_of}" for kind, (used, all_of) in counts(points).items()]
    yield f"coverage   {'   '.join(parts)}"
    for point in points:
        if not point.hits:
            yield f"  {point.position}  not reached: {point.kind} {point.what}"
