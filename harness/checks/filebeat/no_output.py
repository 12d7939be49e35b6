"""See NoOutput."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat
from harness.model import Finding, Severity


class NoOutput(Check):
    """Filebeat needs exactly one output; with none or two it does not start.

    Why: it refuses the configuration. Bad: `output.logstash` and `output.elasticsearch`. Good: one of them.
    Fix: keep the one that is meant.
    """

    severity, subject = Severity.FATAL, Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Count the enabled outputs."""
        if not filebeat.outputs and filebeat.inputs:
            yield self.finding(filebeat.tree.at(), "no output is enabled")
        for output in filebeat.outputs[1:]:
            first = filebeat.outputs[0].kind
            yield self.finding(output.view.key_at(), f"a second output, {output.kind}, beside {first}")
