"""See MissingSource."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.deployment import folder_of
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

_FILE = re.compile(r"\.(?:ya?ml|json|conf|cfg|ini|toml|xml|tmpl|rules|properties|options|env|sh|py|sql|pem|crt|key)$")


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
        wanted = []
        for service in compose.services:
            for mount in service.mounts:
                if mount.kind == "bind" and mount.source.startswith("."):
                    source = posixpath.normpath(posixpath.join(folder_of(compose), mount.source))
                    if not source.startswith("..") and source != ".":
                        wanted.append((mount, source))
        missing = [(mount, source) for mount, source in wanted if source not in files and source not in folders]
        if missing and len(files) == 1:
            said = f"{len(missing)} of what is mounted is not here; lint the folder that holds it too"
            yield self.finding(missing[0][0].position, said, severity=Severity.INFO)
            return
        for mount, source in missing:
            if not _FILE.search(source) and not mount.read_only:
                continue  # a folder to write to, which Docker makes
            severity = self.severity if _FILE.search(source) else Severity.WARNING
            yield self.finding(mount.position, f"{source} does not exist{nearest(source, files)}", severity=severity)


def _parents(folder: str) -> Iterable[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
