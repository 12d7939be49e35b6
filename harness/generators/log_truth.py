"""The ground truth of generated log lines: what was written, and what each saved search must find in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from harness.generators.log_population import Canary
from harness.generators.log_predicate import compile_predicate
from harness.generators.log_routes import Routes
from harness.generators.logs import Line


@dataclass(frozen=True, slots=True)
class Truth:
    """What was written. `lines` and `malformed` are by event id; `searches` holds each search's event ids."""

    lines: Mapping[str, Line]
    malformed: Mapping[str, Line]
    canaries: tuple[Canary, ...]
    searches: Mapping[str, frozenset[str]]
    grouped_by: Mapping[str, str]
    routes: Routes

    @classmethod
    def of(
        cls, lines: Iterable[Line], canaries: Iterable[Canary], searches: Mapping[str, Any], catalog: Mapping[str, Any]
    ) -> Truth:
        """Evaluate every search of `searches` (the parsed `fixtures/searches.yml`) over the lines as written."""
        specs = searches["searches"]
        predicates = {name: compile_predicate(spec, f"fixtures/searches.yml ({name})") for name, spec in specs.items()}
        well, broken = {}, {}
        found: dict[str, list[str]] = {name: [] for name in predicates}
        for line in lines:
            if not line.well_formed:
                broken[line.event_id] = line
                continue
            well[line.event_id] = line
            record = orjson.loads(line.text)
            for name, holds in predicates.items():
                if holds(record):
                    found[name].append(line.event_id)
        matches = {name: frozenset(ids) for name, ids in found.items()}
        grouped = {name: spec["by"] for name, spec in specs.items() if "by" in spec}
        return cls(well, broken, tuple(canaries), matches, grouped, Routes.of(catalog))

    def record(self, event_id: str) -> dict[str, Any]:
        """The line as the backend wrote it, parsed."""
        record: dict[str, Any] = orjson.loads(self.lines[event_id].text)
        return record

    def records(self) -> Iterator[dict[str, Any]]:
        """Every well-formed line, parsed, in the order written."""
        return (orjson.loads(line.text) for line in self.lines.values())

    def count(self, search: str) -> int:
        """How many documents a search must find."""
        return len(self.searches[search])

    def counts(self) -> dict[str, int]:
        """How many documents each search must find."""
        return {name: len(ids) for name, ids in self.searches.items()}

    def groups(self, search: str) -> Counter[str]:
        """How many of a summary's documents fall into each group; `route`, which no line has, is told from the path."""
        field, groups = self.grouped_by[search], Counter[str]()
        for event_id in self.searches[search]:
            record = self.record(event_id)
            value = record.get(field)
            if value is None and field == "route":
                value = self.routes.route(record.get("path", ""))
            if value is not None:
                groups[str(value)] += 1
        return groups

    def per_kind(self) -> Counter[str]:
        """How many well-formed lines there are of each kind."""
        return Counter(line.kind for line in self.lines.values())
