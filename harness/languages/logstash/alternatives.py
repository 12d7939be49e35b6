"""Answers whether an expression occurs in a text, mostly without running it.

A condition such as `=~ /card=\\d+|secret: \\S+/` rarely holds. Each of its alternatives has a piece of plain text that
must occur for it to match, and looking for that is many times faster than a search that fails everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from harness.languages.logstash.event import REGEX_SECONDS
from harness.languages.logstash.onigmo import compiled

Occurs = Callable[[str], bool]
"""Whether an expression is found in a text; raises TimeoutError."""

_TOKEN = re.compile(r"\\.|\{\d*,?\d*\}|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[<!=:]?|[\[\]()|]|[^\\\[\]()|]", re.DOTALL)
# What makes a split at `|` or a plain character mean something else: options, comments, references, sets in sets.
_INTRICATE = re.compile(r"\(\?[^:=!<]|\\[1-9kgKGQE]|\[[^\]]*\[|&&|\(\?<[^=!]")
_REPEATED = "?*{"
_PLAIN_ESCAPES = frozenset("/.-+*?()[]{}|^$\\\"'&=:;,<>@#%!~`_ ")


@lru_cache(maxsize=2048)
def occurrence(pattern: str) -> Occurs:
    """Compile an expression to a test; raises PatternSyntaxError."""
    whole = compiled(pattern)
    parts = [] if _INTRICATE.search(pattern) else [(_needed(part), part) for part in _split(pattern)]
    if not any(needed for needed, _ in parts):
        search = whole.search
        return lambda text: search(text, timeout=REGEX_SECONDS) is not None
    searches = [(needed, compiled(part).search) for needed, part in parts]

    def occurs(text: str) -> bool:
        for needed, search in searches:  # noqa: SIM110 - a generator is a third slower, and this is the hottest place
            if needed in text and search(text, timeout=REGEX_SECONDS) is not None:
                return True
        return False

    return occurs


def required(pattern: str) -> tuple[str, ...]:
    """Pieces of text of which one must be in whatever the expression matches; none when that is not known."""
    if _INTRICATE.search(pattern):
        return ()
    pieces = tuple(_needed(part) for part in _split(pattern))
    return pieces if all(pieces) else ()


def tokens(pattern: str) -> Iterator[tuple[str, int]]:
    """The tokens with how deep in groups each stands; a bracket stands outside of its group."""
    depth = 0
    for token in _TOKEN.findall(pattern):
        if token == ")":
            depth -= 1
        yield token, depth
        if token[0] == "(":
            depth += 1


def _split(pattern: str) -> list[str]:
    """The alternatives at the top of the pattern."""
    parts = [""]
    for token, depth in tokens(pattern):
        if token == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def _needed(part: str) -> str:
    """The longest piece of plain text that whatever matches must contain; empty when there is none."""
    pieces = list(tokens(part))
    runs, run = [], ""
    for (token, depth), (following, _) in zip(pieces, [*pieces[1:], ("$", 0)], strict=False):
        plain = _plain(token) if depth == 0 else ""
        if plain and following[:1] not in _REPEATED:
            run += plain
            continue
        runs.append(run)
        run = ""
    return max([*runs, run], key=len)


def _plain(token: str) -> str:
    """The character a token stands for, if it stands for one."""
    if token[0] == "\\":
        return token[1] if token[1] in _PLAIN_ESCAPES else ""
    return token if len(token) == 1 and token not in "[]()|.^$?*+{}" else ""
