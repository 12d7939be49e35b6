"""Components that come as a zip in a Maven repository: downloaded with resumption, checked against a pinned hash."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import SetUpError
from harness.toolchain.cache import Staging, sha256
from harness.toolchain.work import Work

_CHUNK = 1 << 18
_SILENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class MavenZip:
    """A zip artifact, unpacked; its single top folder becomes the component."""

    name: str
    version: str
    group: str
    artifact: str
    sha256: str
    size: int

    @property
    def lane(self) -> str:
        """Downloads share the line, so they go one after the other."""
        return "downloads"

    @property
    def coordinates(self) -> str:
        """Maven's name for it."""
        return f"{self.group}:{self.artifact}:{self.version}@zip"

    def fingerprint(self) -> str:
        """A hash over the coordinates and the content."""
        return hashlib.sha256(json.dumps([self.coordinates, self.sha256]).encode()).hexdigest()

    def elsewhere(self) -> Path | None:
        """Never: an installed server has other modules and settings."""
        return None

    def build(self, staging: Staging, work: Work) -> None:
        """Download and unpack."""
        archive = self._archive(work)
        work.say("unpacking", archive.name)
        with zipfile.ZipFile(archive) as zipped:
            for number, entry in enumerate(zipped.infolist()):
                if number % 20 == 0:
                    work.check()
                self._unpack(zipped, entry, staging.tree)
        archive.unlink()

    def _unpack(self, zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, tree: Path) -> None:
        _, _, inside = entry.filename.partition("/")
        target = (tree / inside).resolve()
        if not target.is_relative_to(tree.resolve()):
            raise SetUpError(f"{self.coordinates} holds a path that leads outside: {entry.filename}")
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(zipped.read(entry))
        # zipfile forgets the permissions; the upper half of the attributes holds them.
        target.chmod((entry.external_attr >> 16) & 0o777 or 0o644)

    def _archive(self, work: Work) -> Path:
        """The whole archive in the downloads folder, fetched on from where an earlier run stopped."""
        archive = work.cache.downloads / f"{self.artifact}-{self.version}.zip"
        archive.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            if not archive.exists() or archive.stat().st_size < self.size:
                self._download(archive, work)
            if archive.stat().st_size == self.size and sha256(archive) == self.sha256:
                return archive
            archive.unlink()
        raise SetUpError(
            f"{self.coordinates} was downloaded twice and is not the pinned file",
            hint=f"Expected SHA-256 {self.sha256}. Something between here and the repository changes it.",
        )

    def _download(self, archive: Path, work: Work) -> None:
        import requests

        have = archive.stat().st_size if archive.exists() else 0
        try:
            url = self._address()
            headers = {"Range": f"bytes={have}-"} if have else {}
            with requests.get(url, headers=headers, stream=True, timeout=_SILENCE_SECONDS) as answer:
                answer.raise_for_status()
                resumed = answer.status_code == requests.codes.partial_content
                self._save(answer, archive, have if resumed else 0, work)
        except requests.RequestException as error:
            raise SetUpError(f"cannot download {self.coordinates}: {error}", hint=self._way_out(archive)) from error

    def _save(self, answer: Any, archive: Path, have: int, work: Work) -> None:
        with archive.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                work.check()
                file.write(chunk)
                have += len(chunk)
                work.say("downloading", f"{have / 1e6:.0f} of {self.size / 1e6:.0f} MB")

    def _address(self) -> str:
        """Where the artifact is, as the Maven client for Python has its repositories configured."""
        try:
            from jgo.maven import MavenContext
        except ImportError as error:
            hint = "Install it: pip install 'monitoring-stack-harness[toolchain]'"
            raise SetUpError(
                "the Python package jgo, which finds Maven artifacts, is not installed", hint=hint
            ) from error
        context = MavenContext()
        artifact = context.project(self.group, self.artifact).at_version(self.version).artifact(packaging="zip")
        repository = next(iter(context.remote_repos.values()))
        return f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"

    def _way_out(self, archive: Path) -> str:
        return (
            "Make sure this machine reaches a Maven repository, then run it again: it goes on where it stopped.\n"
            f"Or fetch {self.coordinates} elsewhere and put the zip at {archive}."
        )
