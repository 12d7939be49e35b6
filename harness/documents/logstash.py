"""Logstash pipeline configurations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.documents.document import Document, Source
from harness.errors import UnreadableError

if TYPE_CHECKING:
    from harness.languages.logstash.ast import Config

_INI = re.compile(r"^\[[^\]]+\][ \t]*$|^[\w.-]+\s*=\s*[^>\s]", re.MULTILINE)
_SECTION = re.compile(r"^\s*(input|filter|output)\s*\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Logstash(Document):
    """A pipeline; its text is parsed when somebody asks, because few checks need it."""

    @property
    def text(self) -> str:
        """The configuration as written."""
        return self.tree.text

    @property
    def config(self) -> Config:
        """The parsed configuration. Raises UnreadableError with the position of the first error."""
        found = _parsed(self.text, self.file)
        if isinstance(found, UnreadableError):
            raise found.with_traceback(None)
        return found

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A `.conf` file with an input, filter or output section, or a file named logstash*.conf."""
        if source.path.suffix not in (".conf", ".logstash", ".cfg"):
            return False
        named = source.named("logstash*.conf") and not _INI.search(source.text)
        return bool(_SECTION.search(source.text)) or named


@lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> Config | UnreadableError:
    """Parse once: many checks ask for the same pipeline."""
    from harness.languages.logstash.grammar import parse

    try:
        return parse(text, file)
    except UnreadableError as error:
        return error
