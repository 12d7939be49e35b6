"""See PhiUnderFaults."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class PhiUnderFaults(Check):
    """No patient's identifier reaches an index by a way that only faults open, dead letters above all.

    Why: what cannot be parsed or stored is kept as it came, and so passes by filters that rely on its form. How
    measured: lines with synthetic identifiers are broken (NUL, a shape the mapping refuses) and sent again through
    killed services; every document of every index is searched for pieces of the identifiers. How to fix: mask text
    before it becomes a dead letter too.
    """

    subject, suite = History, "resilience"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """A finding when an identifier was found; a proof when dead letters of lines that held some are clean."""
        seen = history.last("phi-under-faults")
        if seen is None:
            yield Gap("the stored documents could not be searched for patients' identifiers")
            return
        if not seen.data["dead_letters_of_lines_with_canaries"]:
            yield Gap("no line with an identifier became a dead letter, so their redaction was not put to the test")
            return
        found = seen.data["found"]
        if found["total"]:
            place = found["places"][0]
            cause = causes.masking(context, place["field"])
            yield self.finding(
                cause.position if cause else causes.pipeline(context),
                f"a patient's identifier ({place['canary']}) is stored in `{place['field']}` of {place['index']}, "
                f"document {place['id']}; {found['total']} places in all",
            )
            return
        yield Proof(
            f"no identifier in {seen.data['documents']} documents, {seen.data['dead_letters_of_lines_with_canaries']} "
            f"of them dead letters of lines that held one",
            samples=seen.data["documents"],
            services=("logstash", "elasticsearch"),
            value=0,
            limit=0,
            unit="identifiers stored",
            evidence=(Evidence("phi-under-faults", "resilience"),),
        )
