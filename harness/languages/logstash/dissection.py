"""Dissect mappings such as `%{ts} %{+ts} [%{level->}] %{message}`: text between fixed delimiters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.languages.logstash.event import Event, EventError
from harness.languages.logstash.field import getter, put

_FIELD = re.compile(r"%\{([^}]*)\}")
_ORDINAL = re.compile(r"(.*)/(\d+)$")


class MappingError(ValueError):
    """A mapping that cannot be used."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a mapping. `prefix` is what its key starts with: nothing, `?`, `+` or `&`."""

    key: str
    prefix: str
    ordinal: int
    padded: bool
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Dissection:
    """A compiled mapping."""

    start: str
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, mapping: str) -> Dissection:
        """Compile a mapping; raises MappingError."""
        found = list(_FIELD.finditer(mapping))
        if not found:
            raise MappingError(f"the mapping `{mapping}` holds no field %{{…}}")
        parts: list[Part] = []
        for index, match in enumerate(found):
            end = found[index + 1].start() if index + 1 < len(found) else len(mapping)
            before = mapping[found[index - 1].end() : match.start()] if index else ""
            after = mapping[match.end() : end]
            if not after and index + 1 < len(found):
                raise MappingError(f"no delimiter between %{{{match.group(1)}}} and the next field")
            parts.append(_part(match.group(1), before, after))
        return cls(mapping[: found[0].start()], tuple(parts))

    def apply(self, text: str, event: Event) -> bool:
        """Put the fields of a text into the event; False, and nothing is put, when a delimiter is missing."""
        values = self._values(text)
        if values is None:
            return False
        found = dict(zip(self.parts, values, strict=True))
        for part, value in found.items():
            if part.prefix == "" and part.key:
                put(event, part.key, value)
        appended = sorted((part for part in found if part.prefix == "+"), key=lambda part: part.ordinal)
        for part in appended:
            present = getter(part.key)(event)
            joined = found[part] if present is None else f"{present}{part.before or ' '}{found[part]}"
            put(event, part.key, joined)
        for part, value in found.items():
            if part.prefix == "&":
                put(event, _name(part.key, found, event), value)
        return True

    def _values(self, text: str) -> list[str] | None:
        if not text.startswith(self.start):
            return None
        position, values = len(self.start), []
        for part in self.parts:
            if not part.after:
                values.append(text[position:])
                break
            end = text.find(part.after, position)
            if end < 0:
                return None
            values.append(text[position:end])
            position = end + len(part.after)
            while part.padded and text.startswith(part.after, position):
                position += len(part.after)
        return values


def _part(written: str, before: str, after: str) -> Part:
    padded = written.endswith("->")
    key = written.removesuffix("->")
    prefix = key[:1] if key[:1] in ("?", "+", "&") else ""
    key = key[len(prefix) :]
    if key[:1] in ("+", "&") and prefix in ("+", "&"):
        raise MappingError(f"%{{{written}}}: append and indirect cannot be combined")
    ordinal = _ORDINAL.fullmatch(key) if prefix == "+" else None
    number = 0
    if ordinal:
        key, number = ordinal.group(1), int(ordinal.group(2))
    if not key and prefix in ("+", "&"):
        raise MappingError(f"%{{{written}}} needs a key")
    return Part(key, prefix, number, padded, before, after)


def _name(key: str, found: dict[Part, str], event: Event) -> str:
    """The name an indirect field gets: what another field of the mapping, or of the event, holds."""
    for part, value in found.items():
        if part.key == key and part.prefix in ("", "?") and value:
            return value
    present: Any = getter(key)(event)
    if not isinstance(present, str) or not present:
        raise EventError(f"no name for the indirect field `{key}`")
    return present
