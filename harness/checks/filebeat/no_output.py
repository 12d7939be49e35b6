"""See NoOutput."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat
from harness.model import Finding, Severity


class NoOutput(Check):
    """Filebeat has nowhere to ship to: it does not start.

    Why: it refuses the configuration. Bad: `output.logstash: {enabled: false}` alone. Good: one output.
    Fix: enable the one that is meant.
    """

    severity, subject = Severity.FATAL, Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Look for an enabled output."""
        if not filebeat.outputs and filebeat.inputs:
            yield self.finding(filebeat.tree.at(), "no output is enabled")
