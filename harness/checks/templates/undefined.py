"""See Undefined."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.templates import Templates
from harness.documents.unknown import nearest
from harness.model import Finding

_REFERENCE = re.compile(r'\{\{-?\s*template\s+"([^"]+)"')
_DEFAULTS = re.compile(r"__\w+|.*\.default\..*")


class Undefined(Check):
    """A template calls another that no file defines: every notification that needs it fails.

    Why: it is found out when the first alert is to be sent. Bad: `{{ template "slack.colour" . }}` with `slack.color`
    defined. Good: the name as defined. Fix: correct the name, or define it.
    """

    subject = Templates

    def examine(self, templates: Templates, context: Context) -> Iterable[Finding]:
        """Look up every template that is called."""
        known = {d.name for file in context.documents.of(Templates) for d in file.definitions}
        for used in _REFERENCE.finditer(templates.text):
            if used[1] not in known and not _DEFAULTS.fullmatch(used[1]):
                place = templates.tree.place(used.start(1), used.end(1))
                yield self.finding(place, f"no template is called {used[1]}{nearest(used[1], known)}")
