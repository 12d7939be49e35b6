"""Grok expressions: `%{SYNTAX:field:type}` inside of regular expressions, expanded and compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from harness.languages.logstash import ruby
from harness.languages.logstash.onigmo import Pattern, PatternSyntaxError, engine, flags, translated

_REFERENCE = re.compile(
    r"%\{(?P<syntax>[A-Za-z0-9_]+)(?::(?P<semantic>[@\[\]A-Za-z0-9_.-]+))?(?::(?P<type>[a-z]+))?"
    r"(?:=(?P<definition>(?:[^{}]|\{[^{}]*\})*))?[^}]*\}"
)
_NAMED = re.compile(r"\\.|\(\?<(?![=!])([^>]+)>|\(\?'([^']+)'|\(\?P<([^>]+)>", re.DOTALL)
_CALL = re.compile(r"\\\\|\\([kg])<([^>]+)>")
_BOTH_NAMES = re.compile("([:<]?)«([^|»]*)\\|([^»]*)»")
_DEFINITION = re.compile(r"\s*(\S+)\s+(.+?)\s*$")
MARK = "@@alternative"
_MAX_DEPTH = 50
_MAX_LENGTH = 400_000
_COERCE: dict[str, Callable[[str], Any]] = {"int": ruby.to_i, "float": ruby.to_f}


class UnknownPatternError(PatternSyntaxError):
    """`%{NAME}` where NAME is not defined."""

    def __init__(self, name: str) -> None:
        super().__init__(f"pattern %{{{name}}} is not defined")
        self.name = name


@dataclass(frozen=True, slots=True)
class Capture:
    """A group of the compiled expression that goes into a field."""

    group: int
    field: str
    coerce: Callable[[str], Any] | None


@dataclass(frozen=True, slots=True)
class Grok:
    """A compiled expression."""

    pattern: Pattern
    captures: tuple[Capture, ...]
    marks: tuple[int, ...] = ()
    """The groups that tell which alternative matched, in an expression that was marked."""

    def alternatives(self, match: Any) -> tuple[int, ...]:
        """Which alternatives a match took, by their numbers."""
        return tuple(number for number, group in enumerate(self.marks) if match.start(group) >= 0)


@cache
def stock(ecs: bool) -> Mapping[str, str]:
    """The interpreter's own patterns: with legacy field names, or with those of the Elastic Common Schema."""
    folder = Path(__file__).parent / "patterns"
    found: dict[str, str] = {}
    for name in ("core", "shared", "ecs" if ecs else "legacy"):
        for file in sorted(folder.glob(f"{name}*.txt")):
            found.update(definitions(_chosen(file.read_text(encoding="utf-8"), ecs)))
    return found


def _chosen(text: str, ecs: bool) -> str:
    """One of the two names of each field that has both; a field without a name of the chosen kind is not captured."""
    return _BOTH_NAMES.sub(
        lambda match: match[1] + (match[3] if ecs else match[2]) if match[3 if ecs else 2] else "", text
    )


def definitions(text: str) -> dict[str, str]:
    """The patterns of a pattern file: a name, a space and an expression a line."""
    found = {}
    for line in text.splitlines():
        match = _DEFINITION.match(line) if not line.lstrip().startswith("#") else None
        if match:
            found[match.group(1)] = match.group(2)
    return found


class _Expansion:
    """Expands one expression. Fields get groups with names of our own: a field may be `[a][b]` and may occur twice."""

    def __init__(self, patterns: Mapping[str, str], named_only: bool) -> None:
        self.patterns = dict(patterns)
        self.named_only = named_only
        self.fields: list[tuple[str, str | None]] = []
        self.length = 0

    def expand(self, text: str, depth: int = 0) -> str:
        """Replace every reference and rename every group."""
        if depth > _MAX_DEPTH:
            raise PatternSyntaxError("patterns that refer to each other without end")
        parts, position = [], 0
        for match in _REFERENCE.finditer(text):
            parts.append(self._renamed(text[position : match.start()]))
            parts.append(self._reference(match, depth))
            position = match.end()
        parts.append(self._renamed(text[position:]))
        expanded = "".join(parts)
        self.length += len(expanded)
        if self.length > _MAX_LENGTH:
            raise PatternSyntaxError("a pattern that expands without end")
        return expanded

    def _reference(self, match: re.Match[str], depth: int) -> str:
        name, semantic, definition = match["syntax"], match["semantic"], match["definition"]
        if definition is not None:
            self.patterns[name] = definition
        if name not in self.patterns:
            raise UnknownPatternError(name)
        if semantic is None and self.named_only:
            return f"(?:{self.expand(self.patterns[name], depth + 1)})"
        group = self._group(semantic or name, match["type"])
        return f"(?P<{group}>{self.expand(self.patterns[name], depth + 1)})"

    def _group(self, field: str, kind: str | None) -> str:
        self.fields.append((field, kind))
        return f"g{len(self.fields) - 1}"

    def _renamed(self, text: str) -> str:
        def rename(match: re.Match[str]) -> str:
            name = match.group(1) or match.group(2) or match.group(3)
            if name is None:
                return match.group()
            field, _, kind = name.partition(":")
            return f"(?P<{self._group(field, kind or None)}>"

        return _NAMED.sub(rename, text) if "(?" in text else text

    def calls(self, text: str) -> str:
        r"""`\k<name>` and `\g<name>` name a field; point them to the field's first group."""
        groups = {field: index for index, (field, _) in reversed(list(enumerate(self.fields)))}

        def point(match: re.Match[str]) -> str:
            if match.group(2) not in groups:
                return match.group()
            group = f"g{groups[match.group(2)]}"
            return f"(?P={group})" if match.group(1) == "k" else f"(?&{group})"

        return _CALL.sub(point, text) if "\\k<" in text or "\\g<" in text else text


@lru_cache(maxsize=512)
def _compiled(expression: str, patterns: tuple[tuple[str, str], ...], ecs: bool, named_only: bool) -> Grok:
    expansion = _Expansion({**stock(ecs), **dict(patterns)}, named_only)
    regex = engine()
    text = expansion.calls(expansion.expand(expression))
    try:
        pattern = regex.compile(translated(text), flags())
    except (regex.error, ValueError, OverflowError, RecursionError, KeyError) as error:
        raise PatternSyntaxError(f"invalid expression: {error}") from error
    captures = [
        Capture(pattern.groupindex[f"g{index}"], field, _COERCE.get(kind or ""))
        for index, (field, kind) in enumerate(expansion.fields)
        # A reference inside of a character class is part of the class, not a group.
        if f"g{index}" in pattern.groupindex
    ]
    marks = tuple(capture.group for capture in captures if capture.field.startswith(MARK))  # in order of the expression
    return Grok(pattern, tuple(one for one in captures if not one.field.startswith(MARK)), marks)


def compile_expression(expression: str, patterns: Mapping[str, str], *, ecs: bool, named_only: bool = True) -> Grok:
    """Compile a grok expression; raises PatternSyntaxError or UnknownPatternError."""
    return _compiled(expression, tuple(patterns.items()), ecs, named_only)
