"""Every text of a document, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator

from harness.documents.positions import View


def texts_below(view: View, holding: str = "") -> Iterator[tuple[View, str]]:
    """Every text at or below a view, with its view, that holds some characters."""
    value = view.value
    if isinstance(value, str):
        if holding in value:
            yield view, value
    elif isinstance(value, dict):
        for key in value:
            yield from texts_below(view[key], holding)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from texts_below(view[index], holding)
