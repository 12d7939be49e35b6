"""Whether every data view leads to indices."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, indices_of, templates_of
from harness.model import Outcome, Severity


class DataViewMatchesNothing(Check):
    """A data view whose title matches no index and no alias shows nothing, whatever is asked of it.

    Why: Kibana imports it all the same; its searches are then empty for a reason that nobody looks for.
    Bad: title `caredroid-log-*` where the index template makes `caredroid-logs-0*`.
    Good: a title that an index pattern or an alias of some index template can match.
    Fix: correct the title, or give the indices the alias. Where the configuration holds no index template at all,
    nothing is said.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Compare each title with the names that the index templates make."""
        templates = context.documents.of(IndexTemplate)
        names = sorted({name for template in templates for name in indices_of(template)})
        for view in subject.data_views if names else ():
            if not view.title or templates_of(view.title, templates):
                continue
            near = difflib.get_close_matches(view.title, names, 1, 0.7)
            advice = f"; did you mean `{near[0]}`?" if near else ""
            yield self.finding(
                view.at(), f"no index template makes an index or alias that `{view.title}` matches{advice}"
            )
