"""Bytes to text as Logstash does it: what is no valid text stays visible, written as Ruby would inspect it."""

from __future__ import annotations

import re

_INVALID = re.compile("[\udc80-\udcff]")
_ESCAPED = re.compile('[\\\\"\\x00-\\x1f\\x7f]|#(?=[{$@])')
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\v": "\\v", "\b": "\\b", "\a": "\\a", "\x1b": "\\e"}


def decoded(data: bytes, charset: str) -> str:
    """The text; with invalid bytes in it, all of it is escaped, so that `\\xE9` cannot be mistaken for text."""
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        text = _ESCAPED.sub(_escape, data.decode(charset, "surrogateescape"))
        return _INVALID.sub(lambda match: f"\\x{ord(match.group()) - 0xDC00:02X}", text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in _NAMED:
        return _NAMED[character]
    return f"\\{character}" if character in '\\"#' else f"\\u{ord(character):04X}"
