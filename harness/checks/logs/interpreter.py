"""See Interpreter."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof

KIND = "pipeline-comparison"
REPORTED = 12


class Interpreter(Check):
    """The interpreter that stands in for Logstash makes of every event what Logstash itself makes of it.

    Why: where Logstash cannot run, everything about the logs rests on the interpreter, and so do the cases of
    `harness logstash test`. How measured: those cases, and lines as the backend writes them, go through both; fields,
    metadata, outputs and their rendered options are compared. Only Logstash's official image decides it. How to fix:
    it is a defect of the interpreter, or of a case that relies on one; `harness logstash compare` shows it again.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per difference, a gap for what was not compared, a proof when there is neither."""
        if context.levels.get("logstash", Level.STATIC) < Level.CONTAINER:
            yield Gap("Logstash itself did not run, so the interpreter was not compared with it", Level.CONTAINER)
            return
        seen = history.last(KIND)
        if seen is None:
            yield Gap("the interpreter was not compared with Logstash")
            return
        if why := seen.data.get("silence"):
            yield Gap(f"the interpreter could not be compared with Logstash: {why}")
            return
        for one in seen.data["differences"][:REPORTED]:
            what = f"`{one['field']}`: the interpreter {one['ours']}, Logstash {one['theirs']}"
            if not one["field"]:
                what = f"the interpreter {one['ours']}, Logstash {one['theirs']}"
            yield self.finding(Position(one["file"], one["line"], one["column"]), f"{one['name']}: {what}")
        if (rest := seen.data["differing"] - REPORTED) > 0:
            last = seen.data["differences"][REPORTED - 1]
            yield self.finding(Position(last["file"], last["line"], last["column"]), f"{rest} more differences")
        if seen.data["not_compared"]:
            first = seen.data["left"][0]
            yield Gap(f"{seen.data['not_compared']} events were not compared, e.g. {first['name']}: {first['why']}")
        elif not seen.data["events"]:
            yield Gap("no event was compared")
        elif not seen.data["differing"]:
            varying = f"; {seen.data['varying']} fields vary by themselves" if seen.data["varying"] else ""
            told = f"{seen.data['events']} events, no field different from what {seen.data['with']} makes of them"
            yield Proof(
                f"{told}{varying}",
                samples=seen.data["events"],
                services=("logstash",),
                value=0,
                limit=0,
                unit="differences",
                evidence=(Evidence(KIND, "logstash"),),
            )
