"""See SeveralOutputs."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat
from harness.model import Finding, Severity


class SeveralOutputs(Check):
    """Filebeat has two outputs enabled: it does not start.

    Why: it ships to one. Bad: `output.logstash` and `output.elasticsearch`. Good: one of them. Fix: remove the other.
    """

    severity, subject = Severity.FATAL, Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Count the enabled outputs."""
        for extra in filebeat.outputs[1:]:
            message = f"output.{filebeat.outputs[0].kind} is enabled already; Filebeat ships to one output only"
            yield self.finding(extra.view.key_at(), message)
