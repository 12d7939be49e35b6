"""A line that cannot be parsed is kept, redacted, where it can be found."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class DeadLetters(Check):
    """A line that cannot be parsed is kept where it can be found, with the reason.

    Why: the last line before a crash is often the one cut in half; dropping it loses the most telling one. How
    measured: lines broken in several ways are written among the others, and each must be found among the dead
    letters. How to fix: route events that carry a failure tag to an output of their own instead of dropping them.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """A finding when broken lines are nowhere, or stored as if they were whole."""
        seen, fate = history.last("log-dead-letters"), history.last("log-line-fate")
        if seen is None or not seen.data["sent"]:
            yield Gap("no broken line was written, or the dead letters could not be read back")
            return
        if fate is None or not fate.data["stored"]:
            yield Gap("no line arrived at all, so nothing says what becomes of broken ones")
            return
        position = causes.pipeline(context)
        lost, parsed = seen.data["lost"], seen.data["parsed"]
        vanished = [event_id for event_id in lost["ids"] if event_id not in parsed["ids"]]
        if vanished:
            cause = causes.dropping(context)
            yield self.finding(
                cause.position if cause else position,
                f"{lost['total']} of {seen.data['sent']} lines that cannot be parsed are nowhere "
                f"(e.g. {vanished[0]}): they must go to the dead letters",
            )
        if parsed["total"]:
            yield self.finding(
                position,
                f"{parsed['total']} of {seen.data['sent']} broken lines are stored as if they were whole "
                f"(e.g. {parsed['ids'][0]})",
            )
        if not lost["total"] and not parsed["total"]:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(seen.data["reasons"].items()))
            yield Proof(
                f"{seen.data['found']} of {seen.data['sent']} broken lines are among the dead letters ({reasons})",
                samples=seen.data["sent"],
                services=("filebeat", "logstash", "elasticsearch"),
                evidence=(Evidence("log-dead-letters", "logs"),),
            )
