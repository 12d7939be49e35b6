"""No protected health information reaches an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class Phi(Check):
    """No name, record number or other identifier of a patient reaches an index.

    Why: whoever may search the logs would read patients' data; a store with PHI falls under rules that this one is
    not run by. How measured: the lines carry synthetic identifiers, in fields of their own, in messages, stacks and
    query strings, and broken lines too; every document of every index is searched for their pieces. How to fix: have
    the redaction stage of the pipeline remove the field, or mask the pattern in the text.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """A finding per field in which identifiers were found; a proof when none was."""
        seen = history.last("phi-canaries")
        if seen is None:
            yield Gap("the stored documents could not be searched for patients' identifiers")
            return
        documents, found = sum(seen.data["documents"].values()), seen.data["found"]
        if not documents or not seen.data["lines_with_canaries"]:
            yield Gap("no document was stored, or no line held an identifier, so redaction was not put to the test")
            return
        position = causes.pipeline(context)
        places = Counter((place["index"], place["field"]) for place in found["places"])
        for (index, field), _ in places.most_common():
            example = next(p for p in found["places"] if (p["index"], p["field"]) == (index, field))
            cause = causes.masking(context, field)
            why = cause.text if cause else "no filter removes or masks it"
            yield self.finding(
                cause.position if cause else position,
                f"a patient's identifier ({example['canary']}) is stored in `{field}` of {index}, "
                f"document {example['id']}; {found['total']} places in all: {why}",
            )
        if not found["total"]:
            yield Proof(
                f"none of {seen.data['canaries']} synthetic identifiers, written in {seen.data['lines_with_canaries']} "
                f"lines, is in any of {documents} documents",
                samples=documents,
                services=("logstash", "elasticsearch"),
                value=0,
                limit=0,
                unit="identifiers stored",
                evidence=(Evidence("phi-canaries", "logs"),),
            )
