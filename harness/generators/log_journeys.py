"""A journey is what one request (or one background event) writes to the log: a chain of lines of several kinds.

Journeys are data (`fixtures/logs.yml`). Drawing one gives a `Chain`: every value fixed except time and ids, so that
writing it out later costs next to nothing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.generators.log_population import Population
from harness.generators.log_values import ABSENT, Draw, compile_value, refuse

OWN_FIELDS = ("timestamp", "eventId", "requestId")
"""What is filled in when a line is written out, never by a journey."""


class Part(NamedTuple):
    """One line of a chain: its kind, when it is written after the chain's beginning, and the JSON after the ids.

    `chained` lines carry the chain's request id. `phi` are the canaries the body holds, each as it is spelled there.
    """

    kind: str
    chained: bool
    offset_ms: int
    body: str
    phi: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """What one journey wrote."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    kind: str
    chained: bool
    chance: float
    offset: Draw
    fields: tuple[tuple[str, Draw], ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """A kind of request: what is drawn once for the whole chain, and its lines."""

    name: str
    weight: float
    cast: Mapping[str, Population]
    let: tuple[tuple[str, Draw], ...]
    lines: tuple[_Line, ...]

    def draw(self, source: random.Random) -> Chain:
        """One chain of this journey."""
        variables: dict[str, Any] = {name: population.draw(source) for name, population in self.cast.items()}
        for name, draw in self.let:
            variables[name] = draw(source, variables)
        parts = []
        for line in self.lines:
            if line.chance < 1.0 and source.random() >= line.chance:
                continue
            parts.append(self._part(line, source, variables))
        return Chain(tuple(sorted(parts, key=lambda part: part.offset_ms)))

    def _part(self, line: _Line, source: random.Random, variables: dict[str, Any]) -> Part:
        fields: dict[str, Any] = {}
        for name, draw in line.fields:
            value = draw(source, variables)
            if value is not ABSENT:
                fields[name] = value
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:]
        offset = int(line.offset(source, variables))
        return Part(line.kind, line.chained, offset, body, tuple(self._spoken_of(body, variables)))

    def _spoken_of(self, body: str, variables: Mapping[str, Any]) -> Iterator[str]:
        for name, population in self.cast.items():
            for spelling in population.spellings(variables[name]):
                if spelling in body:
                    yield spelling


def read_journeys(
    specs: Sequence[Mapping[str, Any]],
    mix: Mapping[str, Any],
    catalog: Mapping[str, Any],
    populations: Mapping[str, Population],
) -> tuple[Journey, ...]:
    """Read journeys; `mix` gives what all lines have in common.

    Raises UnreadableError for a field, kind or level that the catalog does not know.
    """
    known = _Catalog.read(catalog)
    journeys = []
    for index, spec in enumerate(specs):
        where = f"journeys[{index}] ({spec.get('name', 'unnamed')})"
        cast = {name: populations[name] for name in populations if name in spec.get("cast", ())}
        strangers = set(spec.get("cast", ())) - set(cast)
        if strangers:
            raise refuse(where, f"no population is called {', '.join(sorted(strangers))}")
        let = tuple((name, compile_value(value, f"{where}.{name}")) for name, value in spec.get("let", {}).items())
        lines = tuple(
            _line(_filled(line, mix, f"{where}.lines[{n}]"), mix, known, f"{where}.lines[{n}]")
            for n, line in enumerate(spec["lines"])
        )
        journeys.append(Journey(spec["name"], float(spec["weight"]), cast, let, lines))
    return tuple(journeys)


@dataclass(frozen=True, slots=True)
class _Catalog:
    kinds: frozenset[str]
    levels: frozenset[str]
    fields: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, catalog: Mapping[str, Any]) -> _Catalog:
        kinds = frozenset(catalog["kinds"])
        fields = {
            field["name"]: kinds if field["kinds"] == "*" else frozenset(field["kinds"])
            for field in catalog["fields"]
            if field["from"] == "backend"
        }
        return cls(kinds, frozenset(catalog["levels"]), fields)


def _filled(spec: Mapping[str, Any], mix: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The line with what it takes over from the one it uses."""
    if "use" not in spec:
        return spec
    shared = mix.get("lines", {}).get(spec["use"])
    if shared is None:
        raise refuse(where, f"no line is called {spec['use']!r}")
    return {**shared, **spec, "fields": {**shared.get("fields", {}), **spec.get("fields", {})}}


def _line(spec: Mapping[str, Any], mix: Mapping[str, Any], known: _Catalog, where: str) -> _Line:
    kind = spec["kind"]
    if kind not in known.kinds:
        raise refuse(where, f"the catalog knows no kind {kind!r}")
    level = spec.get("level", "info")
    for name in [level] if isinstance(level, str) else level.get("choice", {}):
        if name not in known.levels and "{" not in name:
            raise refuse(where, f"the catalog knows no level {name!r}")
    written = {"kind": kind, "level": level, **mix.get("constant", {}), "message": spec["message"]}
    written |= spec.get("fields", {})
    for name in written:
        if kind not in known.fields.get(name, ()) or name in OWN_FIELDS:
            raise refuse(where, f"by the catalog, the backend writes no `{name}` on a line of kind {kind}")
    fields = tuple((name, compile_value(value, f"{where}.{name}")) for name, value in written.items())
    offset = compile_value(spec.get("after_ms", 0), f"{where}.after_ms")
    return _Line(kind, kind in known.fields["requestId"], float(spec.get("chance", 1.0)), offset, fields)
