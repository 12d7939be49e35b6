"""What is stored says what the line said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.checks.logs import causes
from harness.checks.logs.causes import Cause
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

REPORTED = 12
"""Fields reported one by one; a pipeline that mangles everything would otherwise fill the report."""


class Content(Check):
    """Every stored document says what its line said, and has what the pipeline is to add.

    Why: a field that is lost or changed on the way makes searches and panels lie quietly. How measured: each
    document is compared with its line field by field; only what the pipeline is specified to do (the time, the
    severity, the route, tags, references, redaction) may differ. How to fix: the finding names the filter that
    removes or sets the field.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per field and problem; a proof when all documents are as they must be."""
        fate = history.last("log-line-fate")
        if fate is None or not fate.data["stored"]:
            yield Gap("no log line was stored, so there was nothing to compare")
            return
        fields = fate.data["fields"]
        for entry in fields[:REPORTED]:
            yield self._finding(entry, context)
        if len(fields) > REPORTED:
            position = causes.pipeline(context)
            yield self.finding(
                position, f"{len(fields) - REPORTED} more fields are altered; the first {REPORTED} are listed"
            )
        if not fields:
            yield Proof(
                f"{fate.data['stored']} documents say what their lines said",
                samples=fate.data["stored"],
                services=("filebeat", "logstash", "elasticsearch"),
                value=0,
                limit=0,
                unit="documents altered",
                evidence=(Evidence("log-line-fate", "logs"),),
            )

    def _finding(self, entry: Mapping[str, Any], context: Context) -> Finding:
        field, problem = entry["field"], entry["problem"]
        share = f"in {entry['documents']} of {entry['of']} documents"
        if entry["documents"] == entry["of"]:
            share = f"in all {entry['of']} documents"
        cause = _cause(entry, context)
        example = f"in {entry['example']}: wanted {entry['wanted']!r}, got {entry['got']!r}"
        if problem in ("missing", "not set", "not removed"):
            example = f"e.g. {entry['example']}"
        return self.finding(cause.position, f"`{field}` is {problem} {share} ({example}): {cause.text}")


def _cause(entry: Mapping[str, Any], context: Context) -> Cause:
    field, problem, found = entry["field"], entry["problem"], None
    if problem in ("missing", "not set"):
        found = causes.removing(context, field)
    elif field == "tags":
        found = causes.tagging(context, entry["wanted"].rpartition(" ")[2])
    elif problem in ("wrong", "changed", "unexpected"):
        found = causes.writing(context, field)
    if found:
        return found
    silent = {
        "not removed": "no filter takes it out",
        "not set": "no filter sets it",
        "missing": "no filter removes it by name; does the parsing stage still yield it?",
    }
    return Cause(causes.pipeline(context), silent.get(problem, "no filter sets it by name"))
