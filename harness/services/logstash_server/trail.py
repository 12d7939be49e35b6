"""The stand-in's trail: which lines it was given, and which it had settled, by the id each line carries.

A file of JSON lines, each written whole before the stand-in goes on, so that what it says survives a SIGKILL. It is how
a line that is missing is laid at the door of the hop that lost it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson

from harness.errors import UsageError
from harness.services.logstash_server.documents import Document

RECEIVED, SETTLED = "received", "settled"


class Trail:
    """Appends to one file; `pattern` finds the id in an event as it came over the wire. Raises UsageError."""

    def __init__(self, path: Path, pattern: str) -> None:
        try:
            self._find = re.compile(pattern.encode()).search
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except re.error as error:
            raise UsageError(f"--trail-id {pattern!r} is no regular expression: {error}") from error
        except OSError as error:
            raise UsageError(f"the trail {path} cannot be written: {error.strerror}") from error

    def received(self, payloads: Sequence[bytes]) -> None:
        """These events came, in this order."""
        found = (self._find(payload) for payload in payloads)
        self._append(RECEIVED, [match[0].decode("ascii", "replace") for match in found if match])

    def settled(self, documents: Iterable[Document]) -> None:
        """These are stored, or stand among the dead letters. A line's id may be in the text of its document only."""
        found = (self._find((one.id or "").encode()) or self._find(one.source) for one in documents)
        self._append(SETTLED, [match[0].decode("ascii", "replace") for match in found if match])

    def _append(self, what: str, ids: list[str]) -> None:
        if ids:
            os.write(self._file, orjson.dumps({what: ids}) + b"\n")
