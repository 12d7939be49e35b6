"""See Orphan."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.model import Finding, Severity


class Orphan(Check):
    """A runbook that no alert links to.

    Why: the alert was renamed or removed, and its page is kept up for nobody; or its link is wrong.
    Bad: `docs/runbooks/api-slow.md` when every alert links elsewhere. Good: a page per alert. Fix: link or remove it.
    """

    severity, subject = Severity.WARNING, Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look for the page's name in every annotation, where most pages are linked to."""
        texts = [text for rules in context.documents.of(Rules) for a in rules.alerts for text in a.annotations.values()]
        pages = [page.name for page in context.documents.of(Runbook)]
        linked = sum(any(_named(name, text) for text in texts) for name in pages)
        overview = runbook.name.lower() in ("readme", "index", "template")
        if 2 * linked > len(pages) and not overview and not any(_named(runbook.name, text) for text in texts):
            yield self.finding(runbook.tree.at(), "no alert links to this page")


def _named(name: str, text: str) -> bool:
    return bool(re.search(rf"/{re.escape(name)}(?:\.md|[/#?]|$)", text))
