"""See DeadLink."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.documents.runbook import Runbook
from harness.documents.unknown import nearest
from harness.model import Finding


class DeadLink(Check):
    """A runbook links to another page that is not there.

    Why: "see there" is the next step of somebody in a hurry. Bad: `[next](databse-queries-slow.md)`. Good: the file's
    name. Fix: correct it.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Follow every relative link to a page."""
        if not isinstance(context.documents, Configuration):
            return
        files = set(context.documents.files)
        folder = posixpath.dirname(runbook.file)
        for target, place in runbook.links:
            path = target.partition("#")[0]
            if not path.endswith(".md") or "://" in path:
                continue
            wanted = posixpath.normpath(posixpath.join(folder, path))
            if wanted not in files and not wanted.startswith(".."):
                names = [posixpath.basename(file) for file in files]
                yield self.finding(place, f"there is no {wanted}{nearest(posixpath.basename(path), names)}")
