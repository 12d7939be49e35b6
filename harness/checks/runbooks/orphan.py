"""See Orphan."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.model import Finding, Severity

_LAST = re.compile(r"/([\w.-]+)/?(?=[?#\s]|$)", re.MULTILINE)


class Orphan(Check):
    """A runbook that no alert links to.

    Why: the alert was renamed or removed, and its page is kept up for nobody; or its link is wrong.
    Bad: `docs/runbooks/api-slow.md` when every alert links elsewhere. Good: a page per alert. Fix: link or remove it.
    """

    severity, subject = Severity.WARNING, Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look for the page's name in every annotation, where most pages are linked to."""
        rules = context.documents.of(Rules)
        text = "\n".join(text for file in rules for alert in file.alerts for text in alert.annotations.values())
        linked = {found.removesuffix(".md") for found in _LAST.findall(text)}
        pages = [page.name for page in context.documents.of(Runbook)]
        overview = runbook.name.lower() in ("readme", "index", "template")
        most = 2 * sum(name in linked for name in pages) > len(pages)
        if most and not overview and runbook.name not in linked:
            yield self.finding(runbook.tree.at(), "no alert links to this page")
