"""See ReadAfterRemoval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    asked,
    opens,
    read,
    removed,
    steps,
    written,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.model import Finding, Position


class ReadAfterRemoval(Check):
    """A filter reads a field that every event has lost before.

    Why: it does nothing, without a word. Bad: `remove_field => ["path"]` above a grok on `path`. Good: read first, then
    remove. Fix: change the order.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Walk the filters in the order of events, following what is removed for certain."""
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        gone: dict[str, Position] = {}
        told: set[Position] = set()
        for step in steps(body):
            wanted = [one for condition in step.conditions for one in asked(condition)]
            for name, position in (*wanted, *read(step.plugin)):
                if name in gone and position not in told:
                    told.add(position)
                    message = f"{name} is gone by now: removed in line {gone[name].line}"
                    yield self.finding(position, message, also=[gone[name]])
            if opens(step.plugin):
                gone.clear()
            for name, _ in written(step.plugin):
                gone.pop(name, None)
            if step.certain:
                gone.update(removed(step.plugin))
            # `tags` come back with the next filter that adds one.
            gone.pop("tags", None)
