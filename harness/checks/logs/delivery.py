"""Every line that the backend writes is stored exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.logs import causes
from harness.checks.logs.causes import Cause
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

SERVICES = ("filebeat", "logstash", "elasticsearch")


class Delivery(Check):
    """Every line that the backend writes is stored exactly once.

    Why: a line that is lost is an error nobody sees, or an access to a patient's data that no audit shows; one
    stored twice makes every count wrong. How measured: lines with unique ids are appended to the backend's files,
    the pipeline drains, and every document is read back and compared by id. How to fix: the finding names the hop
    that lost them where the configuration tells; otherwise the logs of Filebeat and Logstash are in the run's folder.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding for what is missing, one for what is there twice; a proof when there is neither."""
        sent, fate = history.last("log-sent"), history.last("log-line-fate")
        if sent is None or not sent.data["count"]:
            yield Gap("no log line was written, so nothing says whether lines arrive")
            return
        if fate is None:
            yield Gap(f"{sent.data['count']} lines were written, but the stored documents could not be read back")
            return
        findings = [*self._missing(fate.data, context), *self._duplicated(fate.data, context)]
        yield from findings
        if not findings:
            drain = history.last("log-drain")
            took = f", the last {drain.data['seconds']:.1f} s after the first was written" if drain else ""
            yield Proof(
                f"{fate.data['stored']} of {fate.data['sent']} lines stored, each once{took}",
                samples=fate.data["sent"],
                services=SERVICES,
                value=0,
                limit=0,
                unit="lines lost or duplicated",
                evidence=(Evidence("log-line-fate", "logs"), Evidence("log-drain", "logs")),
            )

    def _missing(self, fate: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        missing = fate["missing"]
        if not missing["total"]:
            return
        cause = _why_missing(fate, context)
        example = f" (e.g. {', '.join(missing['ids'][:3])})" if fate["stored"] else ""
        yield self.finding(cause.position, f"{_sentence(fate)}{example}: {cause.text}")

    def _duplicated(self, fate: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        duplicated = fate["duplicated"]
        if duplicated["total"]:
            cause = causes.storing(context) or _unknown(context)
            ids = ", ".join(duplicated["ids"][:3])
            yield self.finding(
                cause.position, f"{duplicated['total']} lines are stored more than once (e.g. {ids}): {cause.text}"
            )


def _sentence(fate: Mapping[str, Any]) -> str:
    if not fate["stored"]:
        return f"none of the {fate['sent']} lines written arrived"
    return f"{fate['missing']['total']} of {fate['sent']} lines are missing"


def _why_missing(fate: Mapping[str, Any], context: Context) -> Cause:
    """The hop that lost them: not read, not parsed, dropped, or unknown."""
    whole = tuple(kind for kind, count in fate["missing_kinds"].items() if count == fate["sent_kinds"].get(kind))
    folder = context.fixtures.get("deployment", {}).get("logs", {}).get("folder", "")
    if whole and folder and (cause := causes.unread(context, folder, tuple(f"{kind}.log" for kind in whole))):
        return cause
    dead = fate["missing_dead"]
    if dead:
        reason = max(dead, key=lambda name: dead[name])
        if not fate["stored"] and (cause := causes.nesting(context)):
            return Cause(cause.position, f"{dead[reason]} of them are dead letters ({reason}); {cause.text}")
        for tag in reason.split():
            if cause := causes.tagging(context, tag):
                return Cause(cause.position, f"{dead[reason]} of them are dead letters; {cause.text}")
        position = _unknown(context).position
        return Cause(position, f"{dead[reason]} of them are dead letters, because: {reason}")
    if hops := fate.get("missing_hops"):
        hop = max(hops, key=lambda name: hops[name])
        lost = causes.losing(context, hop)
        at_filter = causes.dropping(context) if hop == "logstash" else None
        return at_filter or Cause(lost.position, f"{hops[hop]} of them were {lost.text}")
    return causes.dropping(context) or (_unknown(context) if fate.get("hops_told", True) else _untold(context))


def _untold(context: Context) -> Cause:
    """Nothing noted which lines it was given: the stand-in does, Logstash itself does not."""
    text = "the hop that lost them cannot be told, because Logstash leaves no trail of what it was given; compare its"
    return Cause(causes.pipeline(context), f"{text} counters in logs/pipeline-health with what was written")


def _unknown(context: Context) -> Cause:
    text = "the configuration does not tell where; see the logs of filebeat and logstash in the run's folder"
    return Cause(causes.pipeline(context), text)
