"""See TemplateFiles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.templates import Templates
from harness.model import Finding


class TemplateFiles(Check):
    """A `templates` entry that no template file matches: the templates are not loaded, and Alertmanager says nothing.

    Why: a glob without matches is no error to it. Bad: `templates: [/etc/alertmanager/*.tpl]` for `slack.tmpl`.
    Good: a pattern that the file's name matches. Fix: correct the pattern.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Match the last part of each pattern: where the files are mounted is up to the deployment."""
        names = [PurePosixPath(templates.file) for templates in context.documents.of(Templates)]
        for pattern, position in alertmanager.templates:
            wanted = PurePosixPath(pattern).name
            if names and not any(path.match(wanted) for path in names):
                found = ", ".join(path.name for path in names)
                yield self.finding(position, f"no template file matches {wanted}; there is {found}")
