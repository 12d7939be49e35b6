"""See MissingSource."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.deployment import folder_of
from harness.documents.unknown import nearest
from harness.model import Finding


class MissingSource(Check):
    """A file that is mounted does not exist, so Docker mounts an empty directory in its place.

    Why: the service then starts without its configuration, or not at all. Bad: `./config/promtheus.yml:/etc/…`.
    Good: a path that exists in the repository. Fix: correct the path.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up the source of every relative bind mount."""
        if not isinstance(context.documents, Configuration):
            return
        files = context.documents.files
        folders = {posixpath.dirname(file) for file in files}
        folders |= {parent for folder in folders for parent in _parents(folder)}
        for service in compose.services:
            for mount in service.mounts:
                if mount.kind != "bind" or not mount.source.startswith("."):
                    continue
                source = posixpath.normpath(posixpath.join(folder_of(compose), mount.source))
                if source.startswith("..") or source in files or source in folders or source == ".":
                    continue
                hint = nearest(source, files)
                yield self.finding(mount.position, f"{source} does not exist{hint}")


def _parents(folder: str) -> Iterable[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
