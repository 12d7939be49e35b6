"""See NoQuery."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.model import Finding, Severity

LANGUAGES = {"promql": "metrics", "kql": "logs"}


class NoQuery(Check):
    """The runbook of an alert has no query that can be run as it stands: in PromQL for metrics, in KQL for logs.

    Why: "look at the dashboards" costs the minutes that a query saves, and nobody can try it before it is needed.
    Bad: a page of prose. Good: a fenced `promql` block and a fenced `kql` block. Fix: write what a person would ask.
    """

    severity, subject = Severity.WARNING, Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Look for both languages on pages that alerts link to, as far as the configuration has both subjects."""
        rules = context.documents.of(Rules)
        links = [a.annotations.get("runbook_url", "") for file in rules for a in file.alerts]
        linked = {posixpath.basename(link.partition("#")[0].rstrip("/")).removesuffix(".md") for link in links}
        written = {query.language for page in context.documents.of(Runbook) for query in page.queries}
        if runbook.name not in linked:
            return
        here = {query.language for query in runbook.queries}
        for language, subject in LANGUAGES.items():
            # A collection of pages without a single query of a language is of another style, or another stack.
            if language in written and language not in here:
                yield self.finding(runbook.tree.at(), f"no {language} block, so nothing to ask the {subject}")
