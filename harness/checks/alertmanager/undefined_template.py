"""See UndefinedTemplate."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.templates import Templates
from harness.documents.texts import texts_below
from harness.documents.unknown import nearest
from harness.model import Finding

_REFERENCE = re.compile(r'\{\{-?\s*template\s+"([^"]+)"')
# Alertmanager 0.31, template/default.tmpl and email.tmpl.
_DEFAULTS = re.compile(r"__\w+|\w+\.default\.\w+(\.\w+)*|email\.default\..*|.*\.default\..*")


class UndefinedTemplate(Check):
    """A receiver uses a template that no file defines: every notification through it fails.

    Why: it is found out when the first alert is to be sent, which is then lost. Bad: `{{ template "slack.titel" . }}`.
    Good: a template that a file under `templates` defines. Fix: correct the name, or define it.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look up every template that a receiver names."""
        files = context.documents.of(Templates)
        known = {definition.name for templates in files for definition in templates.definitions}
        if not files and alertmanager.templates:
            return
        for receiver in alertmanager.receivers:
            for view, text in texts_below(receiver.view, "{{"):
                for used in _REFERENCE.finditer(text):
                    if used[1] not in known and not _DEFAULTS.fullmatch(used[1]):
                        place = view.inside((), used.start(1), len(used[1]))
                        yield self.finding(place, f"no template is called {used[1]}{nearest(used[1], known)}")
