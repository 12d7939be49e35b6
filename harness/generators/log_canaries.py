"""Finds canaries in stored text, also where they were cut to pieces or percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from harness.generators.log_population import Canary

_PIECE = re.compile(r"[^\W\d_]{4,}|\d{6,}|\d{3}-\d{2}-\d{4}")


class Detector:
    """Knows every canary by its tell-tale pieces: words of four letters and more, numbers of six digits and more."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._pieces: dict[str, Canary] = {}
        for canary in canaries:
            for piece in _PIECE.findall(canary.text):
                self._pieces.setdefault(piece, canary)

    def found(self, text: str) -> Iterator[Canary]:
        """The canaries of which a piece stands in the text."""
        decoded = unquote(text) if "%" in text else text
        pieces = self._pieces
        for piece in _PIECE.findall(decoded):
            if piece in pieces:
                yield pieces[piece]


def masked(canary: Canary) -> str:
    """A canary as a report may show it: which attribute it is and how it begins, never the whole of it."""
    return f"{canary.attribute} {canary.text[:3]}…"
