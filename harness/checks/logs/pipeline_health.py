"""See PipelineHealth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Level, Outcome, Proof, Severity

KIND = "pipeline-health"
DROPPED = ("dropped_events", "expired_events")


class PipelineHealth(Check):
    """Logstash says of itself that its pipelines are healthy, lost nothing and refused nothing.

    Why: a pipeline that failed to reload, that is blocked, or that fills its dead letter queue goes on looking alive
    from outside. How measured: after the lines of the suite have drained, its own API is asked of each pipeline:
    events in and out, failed reloads, documents in the dead letter queue, and its health report. Only Logstash itself
    can answer that, in its official image. How to fix: the symptom and the cause are Logstash's own words; its log is
    in the run's folder.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per pipeline and complaint; one proof when there is none."""
        if context.levels.get("logstash", Level.STATIC) < Level.CONTAINER:
            yield Gap("Logstash itself did not run, so its own account of its pipelines was not heard", Level.CONTAINER)
            return
        asked, sent = history.last(KIND), history.last("log-sent")
        if asked is None:
            yield Gap("Logstash was not asked how its pipelines are")
            return
        if why := asked.data.get("silence"):
            yield Gap(f"Logstash did not tell how its pipelines are: {why}")
            return
        pipelines: Mapping[str, Mapping[str, Any]] = asked.data["pipelines"]
        if not pipelines:
            yield self.finding(causes.pipeline(context), "Logstash runs no pipeline")
            return
        written = int(sent.data["count"]) + int(sent.data.get("malformed", 0)) if sent else 0
        outcomes = [*self._all(pipelines, written, context)]
        yield from outcomes
        bad = any(isinstance(o, Gap) or (isinstance(o, Finding) and o.severity >= self.severity) for o in outcomes)
        if not bad:
            yield _proof(pipelines)

    def _all(self, pipelines: Mapping[str, Mapping[str, Any]], written: int, context: Context) -> Iterator[Outcome]:
        came = sum(int(one["events"]["in"] or 0) for one in pipelines.values())
        if not written:
            yield Gap("no log line was written, so nothing went through the pipelines")
        elif came < written:
            text = f"{came} events came into Logstash, of {written} lines that were written"
            yield self.finding(causes.pipeline(context), text)
        for name, told in pipelines.items():
            yield from self._health(name, told["health"], context)
            yield from self._counters(name, told, context)
            yield from self._refused(name, told, context)

    def _health(self, name: str, health: Mapping[str, Any] | None, context: Context) -> Iterator[Outcome]:
        if health is None:
            yield Gap(f"{name}: this Logstash has no health report")
            return
        if health["status"] == "green":
            return
        why = "; ".join([str(health["symptom"]), *health.get("causes", ())])
        if health["status"] in ("red", "yellow"):
            severity = None if health["status"] == "red" else Severity.WARNING
            text = f"{name}: Logstash says it is {health['status']}: {why}"
            yield self.finding(causes.pipeline(context), text, severity=severity)
        else:
            yield Gap(f"{name}: Logstash says that its health is {health['status']}: {why}")

    def _counters(self, name: str, told: Mapping[str, Any], context: Context) -> Iterator[Outcome]:
        position, events = causes.pipeline(context), told["events"]
        if failures := told["reloads"]["failures"]:
            error = told["reloads"]["last_error"] or {}
            why = error.get("message", error) if isinstance(error, dict) else error
            yield self.finding(position, f"{name}: {failures} failed reloads, the last: {why}")
        if any(count is None for count in events.values()):
            yield Gap(f"{name}: Logstash does not tell its events in and out")
            return
        if waiting := max(int(events["in"]) - int(events["filtered"]), told["queue_events"] or 0):
            yield self.finding(position, f"{name}: {waiting} events still wait in its queue after the lines drained")
        swallowed = int(events["filtered"]) - int(events["out"])
        if swallowed > 0:
            dropped = causes.dropping(context)
            text = f"{name}: {swallowed} of {events['filtered']} events went in and did not come out"
            where = dropped.position if dropped else position
            yield self.finding(where, f"{text}: {dropped.text}" if dropped else text)

    def _refused(self, name: str, told: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        position, queue = causes.pipeline(context), told["dead_letter_queue"]
        for output in told["outputs"]:
            # Not `non_retryable_failures`: the output counts there, too, what `create` finds stored already.
            if letters := int(output["documents"].get("dlq_routed") or 0):
                text = f"{name}: Elasticsearch refused {letters} documents of the output {output['id']} for good"
                yield self.finding(
                    position, f"{text}; they are in its dead letter queue if that is on, and no search finds them"
                )
        for word in DROPPED:
            if lost := int(queue.get(word) or 0):
                yield self.finding(
                    position, f"{name}: {lost} {word.replace('_', ' ')} of the dead letter queue: it is full"
                )


def _proof(pipelines: Mapping[str, Mapping[str, Any]]) -> Proof:
    def total(key: str) -> int:
        return sum(int(one["events"][key] or 0) for one in pipelines.values())

    states = ", ".join(f"{name} {one['health']['status']}" for name, one in sorted(pipelines.items()))
    return Proof(
        f"{states}: {total('in')} events in, {total('out')} out; no failed reload, nothing in the dead letter queue",
        samples=total("in"),
        services=("logstash",),
        evidence=(Evidence(KIND, "logstash"),),
    )
