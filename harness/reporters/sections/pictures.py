"""Grafana's pages as a browser drew them: small pictures in the page itself, the whole ones beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.model import History
from harness.reporters.sections.reading import entries, text, whole

MOST_CHARACTERS = 800_000
"""How much of the report its pictures may take together, so that it can still be mailed."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_FILE = re.compile(r"pictures/[\w-]+\.png")


@dataclass(frozen=True, slots=True)
class Picture:
    """One dashboard. `small` is a picture as a data URI, empty when there is none or the page is full already."""

    uid: str
    file: str
    small: str
    panels: int
    failed: str
    errors: tuple[str, ...]
    console: int


def pictures(history: History) -> tuple[Picture, ...]:
    """The last picture of every dashboard; empty when no browser looked."""
    last = {seen.subject: seen.data for seen in history.of_kind("grafana-picture")}
    found, left = [], MOST_CHARACTERS
    for uid, data in sorted(last.items()):
        small = text(data, "small")
        fits = bool(_BASE64.fullmatch(small)) and len(small) <= left
        left -= len(small) if fits else 0
        file = text(data, "file")
        found.append(
            Picture(
                uid=uid,
                file=file if _FILE.fullmatch(file) else "",
                small=f"data:image/webp;base64,{small}" if fits else "",
                panels=whole(data, "panels"),
                failed=text(data, "failed"),
                errors=tuple(f"{one['title']}: {one['message']}" for one in entries(data, "errors")),
                console=len(entries(data, "console")),
            )
        )
    return tuple(found)
