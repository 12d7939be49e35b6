"""See TimeField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, templates_of
from harness.model import Finding


class TimeField(Check):
    """A data view's time field is no date: Discover shows nothing for any time range.

    Why: the range is asked of that field. Bad: `timeFieldName: timestamp` mapped as keyword. Good: a field of type
    date. Fix: name the date.
    """

    subject = Searches

    def examine(self, searches: Searches, context: Context) -> Iterable[Finding]:
        """Look up each time field in the templates its data view can mean."""
        templates = context.documents.of(IndexTemplate)
        for view in searches.data_views:
            meant = [t for t in templates_of(view.title, templates) if t.fields]
            kinds = {template.type_of(view.time_field) for template in meant} if view.time_field else set()
            if kinds - {""} and not kinds & {"date", "date_nanos"}:
                kind = ", ".join(sorted(kinds - {""}))
                yield self.finding(view.at("timeFieldName"), f"{view.time_field} is {kind}, no date")
