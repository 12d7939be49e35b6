"""Regular expressions as Logstash's engine, Onigmo, reads them, run by the `regex` module.

The differences that matter: `^ $` are line anchors, `\\w \\d \\s` know ASCII only while `\\p{…}`, `[[:…:]]` and `\\b`
know Unicode (all of them do after a leading `(?u)`), `\\h` is a hex digit, `\\Z` may precede a last line break, `(?m)`
lets the dot match line breaks, `(?<name>…)` may have a name that is no identifier and may occur twice.
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from types import ModuleType
from typing import Any

Pattern = Any
"""A compiled pattern of the `regex` module, which has no types."""

_SPECIAL = re.compile(
    r"\\.|\(\?[a-zA-Z]*-?[a-zA-Z]*[:)]|\[:\^?[a-z]+:\]|\[\^?\]?|\(\?<(?![=!])([^>]*)>|\(\?'([^']*)'|&&|\]",
    re.DOTALL,
)
_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\v\f\r", "h": "0-9a-fA-F"}
# As ranges, because `regex` knows no sets in sets; without the two letters that a caseless match takes for `s` and `k`.
_COMPLEMENTS = {
    "D": r"\x00-/:-\U0010ffff",
    "W": r"\x00-/:-@\[-\^`{-\u017e\u0180-\u2129\u212b-\U0010ffff",
    "S": r"\x00-\x08\x0e-\x1f!-\U0010ffff",
    "H": r"\x00-/:-@G-`g-\U0010ffff",
}
_DIGITS = {"[:digit:]": r"\p{Nd}", "[:^digit:]": r"\P{Nd}"}  # `regex` takes these brackets as ASCII
_WITH_UNICODE = re.compile(r"\(\?[imx]*u[imx]*\)")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(-?)([a-zA-Z]*)([:)])")


class PatternSyntaxError(ValueError):
    """A regular expression that does not compile."""


def engine() -> ModuleType:
    """The `regex` module, imported when the first pattern needs it."""
    return importlib.import_module("regex")


def flags() -> int:
    """`^ $` are line anchors, and what is not written as ASCII by the translation knows Unicode, as in Ruby."""
    regex = engine()
    return int(regex.MULTILINE | regex.UNICODE | regex.VERSION0)


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> Pattern:
    """Compile a pattern; raises PatternSyntaxError."""
    regex = engine()
    try:
        return regex.compile(translated(pattern), flags())
    except (regex.error, ValueError, OverflowError, RecursionError, KeyError) as error:
        raise PatternSyntaxError(f"invalid regular expression: {error}") from error


def translated(pattern: str) -> str:
    """The pattern in the dialect of `regex`; named groups keep their names where those are identifiers."""
    return _Translation(pattern).text()


class _Translation:
    """One pass over a pattern, knowing whether it is inside of a character class."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.in_class = 0
        self.unicode = _WITH_UNICODE.match(pattern) is not None

    def text(self) -> str:
        """The translated pattern."""
        parts: list[str] = []
        position = 0
        while True:
            match = _SPECIAL.search(self.pattern, position)
            if match is None:
                parts.append(self.pattern[position:])
                return "".join(parts)
            parts.append(self.pattern[position : match.start()])
            piece, position = self._piece(match)
            parts.append(piece)

    def _piece(self, match: re.Match[str]) -> tuple[str, int]:
        text, end = match.group(), match.end()
        if text[0] == "\\":
            return self._escape(text), end
        if text[0] == "[":
            return self._bracket(match)
        if text == "]":
            self.in_class = max(0, self.in_class - 1)
            return text, end
        if self.in_class or text == "&&":
            return text[0], match.start() + 1
        if match.group(1) is not None or match.group(2) is not None:
            return self._group(match.group(1) or match.group(2) or ""), end
        return self._flags(text), end

    def _escape(self, text: str) -> str:
        letter = text[1]
        if letter in _SETS and (letter == "h" or not self.unicode):
            return _SETS[letter] if self.in_class else f"[{_SETS[letter]}]"
        if letter in _COMPLEMENTS and (letter == "H" or not self.unicode):
            return _COMPLEMENTS[letter] if self.in_class else f"[^{_SETS[letter.lower()]}]"
        if letter == "Z":
            return "(?=\\n?\\Z)"
        return "\\Z" if letter == "z" else text

    def _bracket(self, match: re.Match[str]) -> tuple[str, int]:
        text, end = match.group(), match.end()
        if self.in_class:
            if text.startswith("[:"):
                return _DIGITS.get(text, text), end
            # `regex` knows no nested sets in this mode; Onigmo takes a lone bracket in a class as a set, rarely meant.
            return "\\[", match.start() + 1
        self.in_class = 1
        return ("[", match.start() + 1) if text.startswith("[:") else (text, end)

    def _group(self, name: str) -> str:
        return f"(?P<{name}>" if re.fullmatch(r"[A-Za-z_]\w*", name) else "("

    def _flags(self, text: str) -> str:
        match = _FLAGS.fullmatch(text)
        if match is None:
            return text
        # Ruby's `m` is everybody else's `s`; `^ $` cannot be turned off, so a negated `m` must not reach the engine.
        on = match.group(1).replace("m", "s").replace("u", "").replace("a", "").replace("d", "")
        off = match.group(3).replace("m", "s")
        flags = on + (f"-{off}" if off else "")
        if match.group(4) == ")":
            return f"(?{flags})" if flags else ""
        return f"(?{flags}:" if flags else "(?:"
