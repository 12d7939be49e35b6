"""A whole configuration under test: every file read, recognised and parsed, with the errors of each."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from harness.documents.document import Document, Source
from harness.documents.kubernetes import carried
from harness.errors import HarnessError, UnreadableError, UsageError
from harness.model import Position
from harness.registry import discover

D = TypeVar("D")

_SKIPPED_FOLDERS = {".git", ".hg", ".svn", ".tox", ".venv", "node_modules", "__pycache__", ".cache"}
_CONFIGURATION_SUFFIXES = {".yml", ".yaml", ".json", ".ndjson", ".conf", ".tmpl", ".rules", ".env", ".sh", ".options"}
# What only Helm or Jinja say, and an unquoted placeholder where a value should be. Go's actions alone tell nothing:
# Alertmanager's and Prometheus's own files hold them too.
_TEMPLATED = re.compile(
    r"\{\{[^}\n]*(?:\.Values|\.Release|\.Chart|\binclude \"|\btoYaml|\bnindent)\b|\{%-?\s*\w+"
    r"|^\s*(?:- )?[\w.\"-]+:\s+\{\{[^\n]*\}\}",
    re.MULTILINE,
)
_OUR_NAMES = re.compile(
    r"prometheus|alertmanager|rules?\b|alerts?\b|grafana|dashboard|datasource|kibana|elasticsearch|logstash|filebeat"
    r"|compose|index-template|\bilm\b|saved-|^\.env|\.(?:rules|tmpl|env|conf|ndjson)$",
    re.IGNORECASE,
)
_OUR_WORDS = re.compile(
    r"(?:^|[{,])[ \t-]*[\"']?(?:scrape_\w+|rule_files|groups|alert|expr|receivers|inhibit_rules|group_wait|services"
    r"|panels|templating|schemaVersion|index_patterns|datasources|filebeat[.\w]*|output\.\w+|xpack[.\w]*)[\"']?[ \t]*:",
    re.MULTILINE,
)
_LARGEST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every artifact of a folder. `files` are relative paths.

    `errors` are the files that cannot be read as what they should be (encoding, syntax); `complaints` are the places
    of readable files that have a shape nothing can be made of. `templated` are those that another program has to render
    first; they are not read. `unread` are files with broken syntax that do not look like any of ours.
    """

    folder: Path
    sha256: str
    files: tuple[str, ...]
    sources: tuple[Source, ...]
    documents: tuple[Document, ...]
    errors: tuple[UnreadableError, ...]
    complaints: tuple[UnreadableError, ...] = ()
    templated: tuple[Position, ...] = ()
    unread: tuple[UnreadableError, ...] = ()
    _by_kind: dict[type[Any], tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, kind: type[D]) -> tuple[D, ...]:
        """All documents of one kind, in path order; empty when the configuration has none."""
        # Each check asks again for every file it examines.
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = tuple(one for one in self.documents if isinstance(one, kind))
        return found

    def text(self, file: str) -> str | None:
        """The text of a file, or None when there is no such text file."""
        return next((source.text for source in self.sources if source.file == file), None)

    @property
    def unrecognised(self) -> tuple[str, ...]:
        """The files no kind knows."""
        known = {document.file for document in self.documents}
        return tuple(file for file in self.files if file not in known)

    @classmethod
    def load(cls, folder: Path, *, alone: bool = False) -> Configuration:
        """Read a folder; with `alone`, a file will do. Raises UsageError when there is none, or nothing to judge."""
        folder = Path(folder)
        if not folder.exists():
            raise UsageError(f"{folder}: no such directory", hint="Name the directory that holds the configuration.")
        if not folder.is_dir() and not alone:
            raise UsageError(
                f"{folder} is a file, not a directory",
                hint=f"Name the directory that holds it: {folder.parent}",
            )
        # A file alone is read as if it were all there is; what it refers to is then nowhere.
        paths = tuple(_walk(folder)) if folder.is_dir() else (folder,)
        base = folder if folder.is_dir() else folder.parent
        if not paths:
            raise UsageError(f"{folder} is empty", hint="Name the directory that holds the configuration.")
        made = cls.of_files(base, ((path.relative_to(base).as_posix(), path) for path in paths))
        if not made.documents and not made.errors:
            raise UsageError(
                f"{folder} holds no monitoring configuration: none of its {len(paths)} files was recognised",
                hint="Recognised are Prometheus, Alertmanager, Grafana, Elasticsearch, Logstash, Kibana, Filebeat and "
                "compose files, by content.",
            )
        return made

    @classmethod
    def of_files(cls, folder: Path, files: Iterable[tuple[str, Path]]) -> Configuration:
        """Read the given files, each with its path relative to the folder."""
        digest = hashlib.sha256()
        sources, errors, names = [], [], []
        for name, path in sorted(files):
            names.append(name)
            try:
                content = path.read_bytes()
            except OSError as error:
                errors.append(UnreadableError(f"cannot be read: {error.strerror}", at=Position(name)))
                continue
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            source = _decoded(name, content, errors)
            if source is not None:
                sources.append(source)
        return cls._assembled(folder, digest.hexdigest(), tuple(names), sources, errors)

    @classmethod
    def of_texts(cls, texts: dict[str, str]) -> Configuration:
        """A configuration as a literal: relative path → text. For cases and tests."""
        digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in sorted(texts.items())).encode())
        sources = [Source(name, text) for name, text in sorted(texts.items())]
        return cls._assembled(Path(), digest.hexdigest(), tuple(sorted(texts)), sources, [])

    @classmethod
    def _assembled(
        cls, folder: Path, sha256: str, files: tuple[str, ...], sources: list[Source], errors: list[UnreadableError]
    ) -> Configuration:
        documents: list[Document] = []
        complaints: list[UnreadableError] = []
        templated: list[Position] = []
        unread: list[UnreadableError] = []
        for source in (part for whole in sources for part in carried(whole) or (whole,)):
            syntactic = len(source.tree.complaints)
            if (source.error or syntactic) and (mark := _TEMPLATED.search(source.text)):
                templated.append(source.tree.place(mark.start(), mark.end()))
                continue
            found = _recognised(source, errors)
            documents.extend(found)
            wrong = [error for error in (source.encoding, source.error) if error]
            if found or (wrong and _meant(source)):
                errors.extend(wrong)
                errors.extend(source.tree.complaints[:syntactic])
                complaints.extend(source.tree.complaints[syntactic:])
            else:
                unread.extend(wrong[:1])
        return cls(
            folder,
            sha256,
            files,
            tuple(sources),
            tuple(documents),
            _ordered(errors),
            _ordered(complaints),
            tuple(templated),
            _ordered(unread),
        )


def _meant(source: Source) -> bool:
    """Whether a file that cannot be read was meant to be one of ours, by its name or by a word in it."""
    return bool(_OUR_NAMES.search(source.path.name) or _OUR_WORDS.search(source.text))


def _ordered(errors: list[UnreadableError]) -> tuple[UnreadableError, ...]:
    """By place, each once: two kinds that read the same value complain about it twice."""
    once = {(error.at, error.message): error for error in errors}
    return tuple(sorted(once.values(), key=lambda error: error.at or Position("")))


def _recognised(source: Source, errors: list[UnreadableError]) -> list[Document]:
    documents: list[Document] = []
    for kind in kinds():
        try:
            if kind.recognises(source):
                documents.append(kind.read(source))
        except UnreadableError as error:
            errors.append(error)
        except HarnessError as error:
            errors.append(UnreadableError(error.message, at=error.at or Position(source.file), hint=error.hint))
    return documents


def kinds() -> tuple[type[Document], ...]:
    """Every document kind there is, in path order of its module."""
    return discover("harness.documents", Document)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(root, name)
            if path.is_file():
                yield path


def _decoded(name: str, content: bytes, errors: list[UnreadableError]) -> Source | None:
    """The text of a file, with what is wrong with its encoding; None for what is no text and was not expected to be."""
    expected = Path(name).suffix.lower() in _CONFIGURATION_SUFFIXES or Path(name).name.startswith(".env")
    if len(content) > _LARGEST_BYTES:
        if expected:
            size = len(content) // (1024 * 1024)
            errors.append(UnreadableError(f"is {size} MiB, too large for a configuration", at=Position(name)))
        return None
    try:
        text = content.decode("utf-8-sig")
        if "\0" not in text:
            return Source(name, text)
        bad, why = content.index(b"\0"), "holds a NUL byte: it is binary, or not UTF-8"
        text = text.replace("\0", " ")
    except UnicodeDecodeError as error:
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = content.decode("utf-16" if utf16 else "latin-1", "replace")
        bad, why = error.start, "is UTF-16, not UTF-8" if utf16 else f"is not UTF-8: byte 0x{content[error.start]:02x}"
    if not expected:
        return None
    line = content.count(b"\n", 0, bad) + 1
    column = bad - (content.rfind(b"\n", 0, bad) + 1) + 1
    source = Source(name, text)
    source.encoding = UnreadableError(why, at=Position(name, line, column), hint="Save it as UTF-8 text.")
    return source
