"""Reads the notation in which a product's settings are written down.

    scrape +http_client          a section, with all that another one has
        needs: job_name          at least one of `a|b` must be given and not empty
        apart: ca ca_file        at most one of these
        text: job_name scheme    a type, and the settings of that type

Types: text, bool, int, float, duration, span (Go's duration), size, regex, url, hostport, any, `a|b` (one of these
words), `[t]` a list, `{t}` a mapping with any keys, else the name of a section.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its settings with their types, what it needs, and what excludes each other."""

    name: str
    settings: Mapping[str, str]
    needs: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()


@cache
def sections(notation: str) -> Mapping[str, Section]:
    """Every section of a notation, by name. A section that is opened twice is one."""
    lines: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    here = ""
    for line in re.sub(r"\n {8,}", " ", notation).splitlines():
        if line.startswith(" "):
            lines[here].append(line.strip())
        elif line.strip():
            here, *parents = line.split()
            lines.setdefault(here, [])
            below.setdefault(here, []).extend(parent.lstrip("+") for parent in parents)
    return {name: _section(name, lines, below) for name in lines}


def _section(name: str, lines: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> Section:
    settings: dict[str, str] = {}
    needs: list[tuple[str, ...]] = []
    apart: list[tuple[str, ...]] = []
    for parent in below[name]:
        above = _section(parent, lines, below)
        settings |= above.settings
        needs.extend(above.needs)
        apart.extend(above.apart)
    for line in lines[name]:
        kind, _, names = line.partition(": ")
        if kind == "needs":
            needs.extend(tuple(one.split("|")) for one in names.split())
        elif kind == "apart":
            apart.append(tuple(names.split()))
        else:
            settings |= dict.fromkeys(names.split(), kind)
    return Section(name, settings, tuple(needs), tuple(apart))
