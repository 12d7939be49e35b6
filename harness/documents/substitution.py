"""`${VARIABLE}` as compose and .env files spell it: found, with default and requirement, and filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_REFERENCE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<op>:?[-?+])(?P<word>(?:[^{}$]|\$\{[^{}]*\}|\$)*))?\})"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a variable: `default` is None without one, `required` holds the message of `:?`."""

    name: str
    offset: int
    length: int
    default: str | None = None
    required: str | None = None
    alternative: bool = False


def references(text: str) -> Iterator[Reference]:
    """Every reference in a text, in order; `$$` is none. References inside a default are found too."""
    for match in _REFERENCE.finditer(text):
        name = match["bare"] or match["name"]
        if not name:
            continue
        op, word = match["op"] or "", match["word"]
        yield Reference(
            name,
            match.start(),
            len(match[0]),
            default=word if op.endswith("-") else None,
            required=word if op.endswith("?") else None,
            alternative=op.endswith("+"),
        )
        for inner in references(word or ""):
            yield Reference(inner.name, match.start("word") + inner.offset, inner.length, inner.default, inner.required)


def substitute(text: str, values: Mapping[str, str]) -> str:
    """The text with every reference filled in as compose does; an unknown variable is empty."""

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, op, word = match["bare"] or match["name"], match["op"] or "", match["word"] or ""
        value = values.get(name)
        present = value is not None and (value != "" or not op.startswith(":"))
        if op.endswith("+"):
            return substitute(word, values) if present else ""
        if op.endswith("-") and not present:
            return substitute(word, values)
        return value or ""

    return _REFERENCE.sub(fill, text)
