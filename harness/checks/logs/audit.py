"""See Audit."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class Audit(Check):
    """Every access to a patient's record leaves an audit line that says who, what and whose.

    Why: the law asks who looked at a patient's record, and the answer is looked for in the index, not on the host.
    How measured: every stored request to a patient's path is joined with the stored audit lines by the id of the
    request; each audit line must have its fields. How to fix: the finding names the fields that are missing, and the
    filter that removes them; an audit line that is not there at all was lost or never written.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """A finding for accesses without an audit line, one for audit lines that say too little; else a proof."""
        seen = history.last("audit-trail")
        if seen is None or not seen.data["accesses"]:
            yield Gap("no access to a patient's record was stored, so nothing says whether one leaves an audit line")
            return
        alone, silent = seen.data["without_record"], seen.data["silent"]
        position = causes.pipeline(context)
        if alone["total"]:
            yield self.finding(
                position,
                f"{alone['total']} of {seen.data['accesses']} accesses to a patient's record have no audit line "
                f"(e.g. {', '.join(alone['ids'][:3])})",
            )
        if silent["total"]:
            cause = next(filter(None, (causes.removing(context, field) for field in silent["fields"])), None)
            why = f": {cause.text}" if cause else ""
            yield self.finding(
                cause.position if cause else position,
                f"{silent['total']} of {seen.data['records']} audit lines lack {', '.join(silent['fields'])} "
                f"(e.g. {', '.join(silent['ids'][:3])}){why}",
            )
        if not alone["total"] and not silent["total"]:
            yield Proof(
                f"{seen.data['accesses']} accesses to patients' records, each with its audit line",
                samples=seen.data["accesses"],
                services=("filebeat", "logstash", "elasticsearch"),
                value=0,
                limit=0,
                unit="accesses without an audit line",
                evidence=(Evidence("audit-trail", "logs"),),
            )
