"""See DuplicateId."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.model import Finding, Position


class DuplicateId(Check):
    """Two saved objects share type and id, or two searches a title: the later import replaces the first, or people pick
    the wrong one.

    Why: Kibana keeps objects by type and id. Bad: a search copied with its id. Good: an id and a title each.
    Fix: rename one.
    """

    subject = Searches

    def examine(self, searches: Searches, context: Context) -> Iterable[Finding]:
        """Compare the objects of a file."""
        for kind, found in (("search", searches.searches), ("data view", searches.data_views)):
            ids: dict[str, Position] = {}
            titles: dict[str, Position] = {}
            for one in found:
                place = one.view.at("id")
                first = ids.setdefault(one.id, place)
                if first != place:
                    yield self.finding(place, f"another {kind} has the id {one.id}", also=[first])
                named = titles.setdefault(one.title, one.at())
                if named != one.at() and kind == "search":
                    yield self.finding(one.at(), f"another search is called {one.title}", also=[named])
