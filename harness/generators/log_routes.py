"""Which route a path belongs to, by the catalog's vocabulary and nothing the pipeline says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PARAMETER = re.compile(r":[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes with their patterns; a `:parameter` stands for anything up to the next slash."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def of(cls, catalog: Mapping[str, Any]) -> Routes:
        """The routes of the catalog's vocabulary; none when it names none."""
        return cls(tuple((route, _pattern(route)) for route in catalog.get("vocabulary", {}).get("routes", ())))

    def route(self, path: str) -> str | None:
        """The route of a path, its query string left aside; None for a path the catalog does not know."""
        bare = path.partition("?")[0]
        for route, pattern in self.patterns:
            if pattern.fullmatch(bare):
                return route
        return None


def _pattern(route: str) -> re.Pattern[str]:
    parts = ("[^/]+" if _PARAMETER.fullmatch(part) else re.escape(part) for part in route.split("/"))
    return re.compile("/".join(parts))
