"""What a product takes: the settings of each section of its configuration, and what it refuses, as data.

A product that meets a setting it does not know refuses the whole file. `prometheus`, `alertmanager` and `rules` hold
the notation of one product each; `notation` reads it, `problems` compares a document with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from harness.documents.positions import Tree
from harness.documents.shapes.problems import Problem, problems
from harness.model import Position


def told(tree: Tree, notation: str, kind: str) -> Iterator[tuple[Position, str]]:
    """The differences of one kind between a document and a notation: `field`, `value`, `needs` or `apart`."""
    for problem in _problems(tree, notation):
        if problem.kind == kind:
            yield problem.position, problem.message


# Several checks ask about the same document, one after the other.
@lru_cache(maxsize=256)
def _problems(tree: Tree, notation: str) -> tuple[Problem, ...]:
    return problems(tree.view, notation)
