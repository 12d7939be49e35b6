"""Who appears in generated log lines: a seeded population per kind of entity, some of its attributes being canaries.

A canary is a synthetic identifier (a name, a record number) that must not be found where the lines end up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harness.generators.log_values import compile_value, refuse, zipf_weights

_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class Canary:
    """One synthetic identifier: which attribute of which entity it is, and its text."""

    attribute: str
    text: str


@dataclass(frozen=True, slots=True)
class Population:
    """The entities of one kind, most active first."""

    members: tuple[Mapping[str, Any], ...]
    cumulative: list[float]
    phi: tuple[str, ...]

    def draw(self, source: random.Random) -> Mapping[str, Any]:
        """One of them, by Zipf's law."""
        return source.choices(self.members, cum_weights=self.cumulative)[0]

    def canaries(self) -> Iterator[Canary]:
        """Everything about them that must never be found in an index."""
        for member in self.members:
            for attribute in self.phi:
                yield Canary(attribute, str(member[attribute]))

    def spellings(self, member: Mapping[str, Any]) -> Iterator[str]:
        """How this member's canaries can stand in a line: plain and percent-encoded."""
        for attribute in self.phi:
            text = str(member[attribute])
            yield text
            if quote(text) != text:
                yield quote(text)


def populate(name: str, spec: Mapping[str, Any], source: random.Random) -> Population:
    """The population a mix describes. `unique` attributes differ between any two members."""
    where = f"population.{name}"
    count = int(spec["count"])
    draws = {key: compile_value(value, f"{where}.{key}") for key, value in spec["attributes"].items()}
    unique: dict[str, set[Any]] = {key: set() for key in spec.get("unique", ())}
    members = []
    for _ in range(count):
        member: dict[str, Any] = {}
        for key, draw in draws.items():
            for _attempt in range(_ATTEMPTS):
                value = draw(source, member)
                if value not in unique.get(key, ()):
                    break
            else:
                raise refuse(f"{where}.{key}", f"does not give {count} different values")
            if key in unique:
                unique[key].add(value)
            member[key] = value
        members.append(member)
    weights = zipf_weights(count, float(spec.get("zipf", 0.0)))
    return Population(tuple(members), weights, tuple(spec.get("phi", ())))
