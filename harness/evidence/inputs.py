"""The files that a run was made of: hashed, and copied into the run folder, so that it can be judged again anywhere."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UnreadableError
from harness.evidence.plain import from_plain, to_plain
from harness.model import Position

NAME = "inputs.json"
FOLDER = "inputs"
SECRET = frozenset({".env"})
"""Files of which only the hash is kept: reports are passed around, credentials must not be."""
_CODE = (".py", ".json", ".html", ".go", ".txt", ".mod", ".sum")


@dataclass(frozen=True, slots=True)
class Input:
    """A file under test or of the fixtures: its place below its folder. `kept`: a copy is in the run folder."""

    file: str
    sha256: str
    bytes: int
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a verdict depends on besides what was observed. `harness_sha256` is over the harness's own sources."""

    configuration: tuple[Input, ...]
    fixtures: tuple[Input, ...]
    harness_sha256: str


def keep(folder: Path, configuration: Path, files: Iterable[str], fixtures: Path) -> Inputs:
    """Copy the configuration and the fixtures into `folder`/inputs and write their hashes to `inputs.json`."""
    read = sorted(path for path in fixtures.rglob("*.y*ml") if "checks" not in path.relative_to(fixtures).parts)
    known = Inputs(
        _copy(configuration, files, folder / FOLDER / "configuration"),
        _copy(fixtures, (path.relative_to(fixtures).as_posix() for path in read), folder / FOLDER / "fixtures"),
        harness_sha256(),
    )
    (folder / NAME).write_text(json.dumps(to_plain(known), indent=1) + "\n", encoding="utf-8")
    return known


def read(folder: Path) -> Inputs:
    """What a run was made of. Raises UnreadableError when the run has no such record."""
    path = folder / NAME
    try:
        return from_plain(Inputs, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"cannot read what the run was made of: {error}", at=Position(str(path))) from error


def read_if_any(folder: Path) -> Inputs | None:
    """As `read`; None when the run kept no such record."""
    return read(folder) if (folder / NAME).is_file() else None


def configuration_files(folder: Path, known: Inputs, original: Path) -> tuple[tuple[str, Path], ...]:
    """Every file of the configuration with a place to read it from: the run's copy, or where it was if none was kept.

    Raises UnreadableError naming the first file that is not what it was.
    """
    files = []
    for one in known.configuration:
        path = folder / FOLDER / "configuration" / one.file if one.kept else original / one.file
        _same(one, path)
        files.append((one.file, path))
    return tuple(files)


def fixtures_folder(folder: Path, known: Inputs) -> Path:
    """Where the run's copy of the fixtures is. Raises UnreadableError naming the first file that is not what it was."""
    kept = folder / FOLDER / "fixtures"
    for one in known.fixtures:
        _same(one, kept / one.file)
    return kept


def harness_sha256() -> str:
    """One hash over every source file of this package, names included: which checks judged."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in _CODE and path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def hashes(known: Iterable[Input]) -> Mapping[str, str]:
    """File → SHA-256."""
    return {one.file: one.sha256 for one in known}


def _copy(source: Path, names: Iterable[str], target: Path) -> tuple[Input, ...]:
    copied = []
    for name in names:
        path = source / name
        kept = Path(name).name not in SECRET
        content = path.read_bytes()
        if kept:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
            shutil.copymode(path, target / name)
        copied.append(Input(name, hashlib.sha256(content).hexdigest(), len(content), kept))
    return tuple(copied)


def _same(one: Input, path: Path) -> None:
    try:
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        hint = "" if one.kept else "Its content was not kept, because it may hold credentials."
        raise UnreadableError(
            f"{one.file} cannot be read: {error.strerror}", at=Position(str(path)), hint=hint
        ) from error
    if actual != one.sha256:
        raise UnreadableError(
            f"{one.file} is not what the run was made of: SHA-256 {actual[:12]}…, was {one.sha256[:12]}…",
            at=Position(str(path)),
        )
