"""Escapes in strings, which Logstash reads only when `config.support_escapes` is on."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANING = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "'": "'", "/": "/"}


def unescaped(text: str) -> str:
    """Replace the escapes that have a meaning; others stay as written."""
    return _ESCAPE.sub(lambda match: _MEANING.get(match.group(1), match.group()), text)
