"""Whether every saved search has its data view."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.model import Outcome, Severity


class MissingDataView(Check):
    """A saved search whose data view is not there cannot be opened.

    Why: Kibana refuses to import it ("missing references"), or opens it on whatever data view happens to be the
    default.
    Bad: the search's reference names the id `logs`, and no object has it.
    Good: the data view is among the saved objects, in this file or in another one.
    Fix: export the search together with its related objects, or correct the id.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Look each reference up among the data views of all files."""
        known = {view.id for document in context.documents.of(Searches) for view in document.data_views}
        for search in subject.searches:
            if search.data_view is not None or search.data_view_id in known:
                continue
            which = (
                f"data view `{search.data_view_id}` is not there" if search.data_view_id else "it names no data view"
            )
            yield self.finding(search.at(), f"`{search.title}` cannot be opened: {which}")
