"""See RecordedNameTaken."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.rules import Rules
from harness.model import Finding


class RecordedNameTaken(Check):
    """A recording rule writes under the name of a metric that is scraped: the two mix.

    Why: every query for the name gets both. Bad: `record: http_requests_total`. Good: a name with colons, as in
    `job:http_requests:rate5m`. Fix: rename what is recorded.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look each recorded name up in the catalog."""
        catalog = Catalog.of(context.fixtures)
        for rule in rules.recordings if catalog else ():
            if catalog and rule.name in catalog.metrics:
                job = catalog.metrics[rule.name].job or "a target"
                yield self.finding(rule.at("record"), f"{rule.name} is the name of a metric that {job} exposes")
