"""See Searches."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.searches import Searches as SavedObjects
from harness.model import Finding


class Searches(Check):
    """The saved objects hold as many searches and data views as the specification lists, within its size.

    Why: a search that was removed is not missed before the audit. Bad: 14 of 15 searches. Good: as `searches` in
    `fixtures/inventory.yml` has it. Fix: restore what is missing.
    """

    subject = SavedObjects

    def examine(self, objects: SavedObjects, context: Context) -> Iterable[Finding]:
        """Count, and measure the file."""
        wanted = (context.fixtures.get("inventory") or {}).get("searches")
        if not wanted:
            return
        at = objects.tree.at()
        if len(objects.searches) != wanted["count"]:
            yield self.finding(at, f"{len(objects.searches)} searches, the specification lists {wanted['count']}")
        if len(objects.data_views) < wanted["data_views_at_least"]:
            least = wanted["data_views_at_least"]
            yield self.finding(at, f"{len(objects.data_views)} data views, the specification asks for {least}")
        size = len(objects.tree.text.encode())
        if size > wanted["largest_bytes"]:
            yield self.finding(at, f"{size} bytes, over the {wanted['largest_bytes']} that the specification allows")
