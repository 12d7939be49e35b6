"""See PipelineSyntax."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.model import Finding, Position, Severity


class PipelineSyntax(Check):
    """A pipeline that cannot be parsed keeps Logstash from starting it.

    Why: the whole file is refused. Bad: a `filter {` that is never closed. Good: as Logstash's grammar has it.
    Fix: at the place shown.
    """

    severity, subject = Severity.FATAL, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Parse the file."""
        try:
            config = logstash.config
        except HarnessError as error:
            yield self.finding(error.at or Position(logstash.file), f"not a Logstash pipeline: {error.message}")
            return
        kinds = {section.kind for section in config.sections}
        if "output" not in kinds and "input" in kinds:
            yield self.finding(config.sections[0].position, "no output section: events are read and thrown away")
