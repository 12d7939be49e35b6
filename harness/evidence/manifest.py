"""SHA256SUMS: the hash of every file of a run, written last, so that an edited report or record is noticed.

The format is coreutils': `sha256sum -c SHA256SUMS` checks it without the harness. The hash of that file itself is the
root: whoever keeps the root elsewhere (the console's log, `reports/history/`) also notices a run that was edited and
summed anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UnreadableError, UsageError
from harness.model import Position

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of the files since the manifest was written; sorted relative paths. `root_differs`: not the known."""

    files: int
    root: str
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    root_differs: bool = False

    @property
    def holds(self) -> bool:
        """Whether every file is as it was written, and no other is there."""
        return not (self.changed or self.missing or self.added or self.root_differs)


def write(folder: Path) -> str:
    """Hash every file below `folder` into its `SHA256SUMS` and return the root. Raises UsageError for an odd name."""
    sums = hashes(folder)
    odd = [name for name in sums if "\n" in name or "\\" in name]
    if odd:
        raise UsageError(f"{odd[0]!r} cannot be named in {NAME}")
    text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (folder / NAME).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def verify(folder: Path, root: str = "") -> Verification:
    """Compare every file with the manifest, and the manifest with a root that was kept elsewhere, if one is given.

    Raises UsageError when the folder holds no manifest, UnreadableError with the line that is none of a manifest's.
    """
    path = folder / NAME
    if not path.is_file():
        raise UsageError(
            f"{folder} has no {NAME}", hint="It is written when a run ends; an interrupted or older run has none."
        )
    content = path.read_bytes()
    known, found = _read(path, content), hashes(folder)
    actual = hashlib.sha256(content).hexdigest()
    return Verification(
        files=len(known),
        root=actual,
        changed=tuple(sorted(name for name in known if name in found and found[name] != known[name])),
        missing=tuple(sorted(set(known) - set(found))),
        added=tuple(sorted(set(found) - set(known))),
        root_differs=bool(root) and root != actual,
    )


def hashes(folder: Path) -> Mapping[str, str]:
    """SHA-256 of every file below `folder` but the manifest, by relative path, in order; of a link, of its target."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    named = ((path.relative_to(folder).as_posix(), path) for path in paths)
    return {name: _hash(path) for name, path in named if name != NAME}


def _hash(path: Path) -> str:
    if path.is_symlink():
        return hashlib.sha256(f"link to {path.readlink()}".encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, content: bytes) -> Mapping[str, str]:
    known: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").removesuffix("\n").split("\n"), start=1):
        read = _LINE.fullmatch(line)
        if read is None:
            raise UnreadableError(
                "not a line of a manifest: 64 hexadecimal digits, two spaces, a file", at=_at(path, number)
            )
        if read[2] in known:
            raise UnreadableError(f"{read[2]} is listed twice", at=_at(path, number))
        known[read[2]] = read[1]
    return known


def _at(path: Path, number: int) -> Position:
    return Position(str(path), number)
