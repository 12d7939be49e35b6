"""Whether a query is written in the language it is read in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.languages.kql import leaves
from harness.languages.kql.nodes import Is, Literal, Range
from harness.model import Outcome, Severity

_FOREIGN: tuple[tuple[re.Pattern[str], bool, str], ...] = (
    (re.compile(r"^[\w@.]+\s*(==?|!=)\s*\S"), True, "`=` compares nothing; a field is asked with `field: value`"),
    (re.compile(r"^\[.+ TO .+\]$"), False, "`[a TO b]` is a value here; a range is `field >= a and field <= b`"),
    (re.compile(r"\s(&&|\|\|)(\s|$)"), False, "`&&` and `||` are text here; write `and` and `or`"),
)


class LuceneInKql(Check):
    """Operators of other languages are plain text in KQL, so the search asks something else than it says.

    Why: KQL reads `statusCode == 500` as three words to look for anywhere, and `statusCode: [500 TO 599]` as one value.
    Kibana imports both, and finds little or nothing, without an error.
    Bad: `statusCode == 500`, `statusCode: [500 TO 599]`, `_exists_: userId`, `level: error && external: true`.
    Good: `statusCode: 500`, `statusCode >= 500 and statusCode <= 599`, `userId: *`, `level: error and external: true`.
    Fix: write it in KQL, or set the query's language to `lucene`. Text that is meant goes between quotes.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Look at each unquoted value, and at the names."""
        for search in subject.searches:
            for leaf in leaves(search.kql) if search.language == "kuery" else ():
                if reason := _foreign(leaf):
                    place = search.in_query(leaf.value.at, len(leaf.value.text))
                    yield self.finding(place, f"`{search.title}`: {reason}")


def _foreign(leaf: Is | Range) -> str:
    """What of another language this is; empty when it is KQL."""
    if isinstance(leaf.field, Literal) and leaf.field.value == "_exists_":
        return f"`_exists_` is no field; write `{leaf.value.text}: *`"
    if isinstance(leaf.value, Literal) and leaf.value.quoted:
        return ""
    free = isinstance(leaf.field, Literal) and leaf.field.value is None
    for pattern, only_free, reason in _FOREIGN:
        if (free or not only_free) and pattern.search(leaf.value.text):
            return reason
    return ""
