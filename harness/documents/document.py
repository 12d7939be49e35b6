"""What a document kind is: a frozen dataclass that recognises its files and reads them.

A kind is one module here with one concrete subclass of `Document`; `Configuration` finds it by that, and asks every
kind about every file. `read` never raises on a strange shape: it reads through `View`, which complains into the tree.
"""

from __future__ import annotations

import fnmatch
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Self

from harness.documents.positions import Tree
from harness.documents.tree import load_json, load_ndjson, load_yaml
from harness.errors import UnreadableError

_LOADERS = {".yml": load_yaml, ".yaml": load_yaml, ".json": load_json, ".ndjson": load_ndjson}
# Prometheus 1 had a language of its own in files of this name.
_RULES_IN_YAML = re.compile(r"^[ \t]*groups:", re.MULTILINE)


class Source:
    """One file of the configuration: its path relative to the folder, its text, and its tree when it has a syntax."""

    def __init__(self, file: str, text: str, named: str = "") -> None:
        self.file = file
        self.text = text
        self.error: UnreadableError | None = None
        self.encoding: UnreadableError | None = None
        # A file that another one carries has a name of its own, which tells what it is.
        self.path = PurePosixPath(file).parent / named if named else PurePosixPath(file)

    @cached_property
    def tree(self) -> Tree:
        """The parsed file; an empty tree when it has no tree syntax or is broken (then `error` says how)."""
        load = _LOADERS.get(self.path.suffix.lower())
        if self.path.suffix == ".rules" and _RULES_IN_YAML.search(self.text):
            load = load_yaml
        if load is not None:
            try:
                return load(self.text, self.file, strict=False)
            except UnreadableError as error:
                self.error = error
        return Tree(self.file, self.text, None, _Nowhere)

    @property
    def value(self) -> Any:
        """The plain data of the tree."""
        return self.tree.value

    def named(self, *patterns: str) -> bool:
        """Whether the path, or its last parts, matches one of the glob patterns."""
        return any(fnmatch.fnmatch(f"/{self.path}", f"*/{pattern}") for pattern in patterns)

    def has(self, *keys: str) -> bool:
        """Whether the document is a mapping with one of the keys."""
        return isinstance(self.value, dict) and any(key in self.value for key in keys)


class _Nowhere:
    """The locator of a file without a tree syntax."""

    def value(self, path: Any) -> None:
        """Nothing stands anywhere."""
        return None

    key = value


@dataclass(frozen=True, slots=True)
class Document(ABC):
    """One artifact of the configuration under test."""

    file: str
    tree: Tree = field(repr=False, compare=False)

    @classmethod
    @abstractmethod
    def recognises(cls, source: Source) -> bool:
        """Whether this file is one of this kind, told by its content, or by its path when the content is ambiguous."""

    @classmethod
    def read(cls, source: Source) -> Self:
        """Read the file; what has the wrong shape is complained about in the tree and left out."""
        return cls(source.file, source.tree)
