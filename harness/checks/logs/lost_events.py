"""See LostEvents."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    steps,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Severity


class LostEvents(Check):
    """Events that match no branch of the outputs go nowhere.

    Why: Logstash drops them without a word. Bad: `output { if [kind] == "access" { … } }` alone. Good: an `else`, or an
    output outside of the branches. Fix: add one, for instance to a dead-letter index.
    """

    severity, subject = Severity.WARNING, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look for a way out for every event; and for filters that drop all of them."""
        try:
            config = logstash.config
        except HarnessError:
            return  # logs/pipeline-syntax says so
        body = config.body("output")
        if body and not any(_takes_all(statement) for statement in body):
            yield self.finding(body[-1].position, "no `else`: an event that matches no branch is lost")
        for step in steps(config.body("filter")):
            if step.plugin.name == "drop" and step.certain:
                yield self.finding(step.plugin.position, "drops every event", severity=Severity.BUG)


def _takes_all(statement: ast.Statement) -> bool:
    if isinstance(statement, ast.PluginNode):
        return True
    complete = statement.arms[-1].condition is None
    return complete and all(any(_takes_all(inner) for inner in arm.body) for arm in statement.arms)
