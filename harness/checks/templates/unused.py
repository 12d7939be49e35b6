"""See Unused."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.templates import Templates
from harness.model import Finding, Severity


class Unused(Check):
    """A template that no receiver and no other template uses.

    Why: it was renamed on one side, or it is dead text that people keep changing in vain. Bad: `define "slack.titel"`
    beside a use of `slack.title`. Good: every definition used. Fix: correct the name, or remove it.
    """

    severity, subject = Severity.WARNING, Templates

    def examine(self, templates: Templates, context: Context) -> Iterable[Finding]:
        """Look for each defined name in every receiver and every template."""
        configurations = context.documents.of(Alertmanager)
        texts = [c.tree.text for c in configurations] + [t.text for t in context.documents.of(Templates)]
        for definition in templates.definitions if configurations else ():
            stock = definition.name.startswith("__") or ".default." in definition.name
            used = re.compile(rf'template\s+"{re.escape(definition.name)}"')
            if not stock and not any(used.search(text) for text in texts):
                yield self.finding(definition.position, f"nothing uses {definition.name}")
