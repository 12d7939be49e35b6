"""The root file system of a development image: programs with the libraries they need, and a handful of folders.

Nothing is downloaded from an image registry. A statically linked program is a file; one that is not brings what the
loader of this machine says it needs.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Collection, Iterable
from pathlib import Path

from harness.errors import SetUpError

LOADER_SECONDS = 30
NOBODY, FIRST_USER = 65534, 1000

_PASSWD = f"""root:x:0:0:root:/:/bin/sh
elasticsearch:x:{FIRST_USER}:0::/usr/share/elasticsearch:/bin/sh
nobody:x:{NOBODY}:{NOBODY}:nobody:/:/bin/false
"""
_GROUP = f"root:x:0:\nnobody:x:{NOBODY}:\n"
_NAMES = "hosts: files dns\n"
_LIBRARY = re.compile(r"(?:=>\s*|^\s*)(/\S+)\s+\(0x", re.MULTILINE)


class Root:
    """A tar archive that grows; every path is given once."""

    def __init__(self, archive: Path) -> None:
        self._tar = tarfile.open(archive, "w")  # noqa: SIM115 (closed by close)
        self._there: set[str] = set()
        for folder in ("bin", "etc", "lib", "proc", "sys", "dev", "run", "usr", "usr/bin", "usr/share", "var"):
            self.folder(f"/{folder}")
        self.folder("/tmp", mode=0o1777)
        self.text("/etc/passwd", _PASSWD)
        self.text("/etc/group", _GROUP)
        self.text("/etc/nsswitch.conf", _NAMES)

    def close(self) -> None:
        """Write the end of the archive."""
        self._tar.close()

    def folder(self, path: str, *, owner: int = 0, mode: int = 0o755) -> None:
        """An empty folder."""
        entry = tarfile.TarInfo(path.strip("/"))
        entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner if owner == NOBODY else 0
        self._add(entry)

    def text(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """A small file."""
        entry = tarfile.TarInfo(path.strip("/"))
        content = text.encode()
        entry.size, entry.mode = len(content), mode
        self._add(entry, io.BytesIO(content))

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        entry = tarfile.TarInfo(path.strip("/"))
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._add(entry)

    def file(self, source: Path, path: str, *, mode: int = 0o755) -> None:
        """A file of this machine, symbolic links followed."""
        name = path.strip("/")
        if name in self._there:
            return
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = source.stat().st_size, mode
        with source.open("rb") as content:
            self._add(entry, content)

    def program(self, source: Path, path: str) -> None:
        """A program and its libraries."""
        self.file(source, path)
        self.libraries((source,))

    def libraries(self, programs: Iterable[Path], *, within: Path | None = None) -> None:
        """What the loader says that these need, where it expects it; not what is below `within`."""
        for library in _needed(tuple(programs)):
            if within is None or not library.is_relative_to(within):
                self.file(library, str(library))

    def tree(self, source: Path, path: str, *, without: Collection[str] = (), owner: int = 0) -> None:
        """A folder of this machine with everything in it but the named top-level entries."""
        self.folder(path, owner=owner)
        for item in sorted(source.rglob("*")):
            part = item.relative_to(source)
            if part.parts[0] in without:
                continue
            if item.is_dir():
                self.folder(f"{path}/{part}", owner=owner)
            elif item.is_file():
                self.file(item, f"{path}/{part}", mode=0o755 if item.stat().st_mode & 0o111 else 0o644)

    def _add(self, entry: tarfile.TarInfo, content: object = None) -> None:
        if entry.name not in self._there:
            self._there.add(entry.name)
            self._tar.addfile(entry, content)  # type: ignore[arg-type]


def _needed(programs: tuple[Path, ...]) -> list[Path]:
    """The libraries that the loader resolves for programs of this machine; a static program needs none."""
    try:
        told = subprocess.run(
            ["ldd", *map(str, programs)], capture_output=True, text=True, timeout=LOADER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetUpError(f"the libraries of {programs[0].name} cannot be found: {error}") from error
    return sorted({Path(path) for path in _LIBRARY.findall(told.stdout)})
