"""Alertmanager's label matchers: `severity="critical"`, `{team=~"a|b", env!=dev}`, and the older `match` mappings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from harness.errors import UnreadableError
from harness.model import Position

_ONE = re.compile(
    r"""\s*(?P<label>"(?:[^"\\]|\\.)*"|[^\s=~!{},"'`\\]+)\s*(?P<op>=~|!~|!=|=)\s*"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|[^,{}"]*?)\s*(?=,|\}|$)""",
    re.DOTALL,
)


_COMMA = re.compile(r',(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)', re.DOTALL)
_CLASSIC = re.compile(r"\s*(?P<label>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?P<op>=~|=|!=|!~)\s*(?P<value>.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. Regular expressions are anchored, as in the product; a missing label is empty."""

    label: str
    op: str
    value: str
    position: Position

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether an alert with these labels fulfils the condition."""
        found = labels.get(self.label, "")
        if self.op in ("=", "!="):
            return (found == self.value) == (self.op == "=")
        pattern = compiled(self.value)
        return pattern is not None and bool(pattern.fullmatch(found)) == (self.op == "=~")

    def __str__(self) -> str:
        return f'{self.label}{self.op}"{self.value}"'


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The regular expression, or None when it is broken (or RE2 syntax that Python does not know)."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def parse_matchers(text: str, position: Position) -> tuple[Matcher, ...]:
    """The matchers of one text. Raises UnreadableError at `position` when it is none."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    found: list[Matcher] = []
    offset = 0
    while offset < len(inner.rstrip().rstrip(",")):
        match = _ONE.match(inner, offset)
        if match is None:
            older = _older(text, position)
            if older is not None:
                return older
            raise UnreadableError(f"bad matcher: {text!r}", at=position, hint='Write it like severity="critical".')
        found.append(Matcher(_unquoted(match["label"]), match["op"], _unquoted(match["value"]), position))
        offset = match.end() + 1
    return tuple(found)


def _older(text: str, position: Position) -> tuple[Matcher, ...] | None:
    """What Alertmanager's older parser makes of a text, which 0.31 still asks when the newer one refuses; or None.

    It takes a brace at either end away, even that of a repetition: `code=~[0-9]{3}` is `[0-9]{3` to it.
    """
    inner = text.strip().removeprefix("{").removesuffix("}")
    found = []
    for part in _COMMA.split(inner):
        match = _CLASSIC.fullmatch(part)
        if match is None:
            if part.strip():
                return None
            continue
        value = match["value"]
        quoted = len(value) >= 2 and value.startswith('"') and value.endswith('"')
        if '"' in re.sub(r"\\.", "", value[1:-1] if quoted else value):
            return None
        found.append(Matcher(match["label"], match["op"], _unquoted(value), position))
    return tuple(found)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)
    return text
