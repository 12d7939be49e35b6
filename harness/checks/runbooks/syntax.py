"""See Syntax."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.runbook import Runbook
from harness.errors import HarnessError
from harness.languages import kql
from harness.model import Finding


class Syntax(Check):
    """A query of a runbook cannot be parsed: whoever pastes it at night gets an error.

    Why: nobody runs a runbook's queries until they are needed. Bad: an unclosed parenthesis in a promql block, a KQL
    query with `=`. Good: queries that run. Fix: at the place shown.
    """

    subject = Runbook

    def examine(self, runbook: Runbook, context: Context) -> Iterable[Finding]:
        """Parse every promql and kql block."""
        for expression in runbook.expressions():
            error = expression.error()
            if error and not error.newer:
                yield self.finding(expression.place(error.offset, error.length), f"broken PromQL: {error.message}")
        for query in runbook.queries:
            if query.language != "kql":
                continue
            try:
                kql.references(query.text, strict=True)
            except HarnessError as error:
                at = runbook.tree.place(query.offset, query.offset + 1)
                yield self.finding(at, f"broken KQL: {error.message}")
