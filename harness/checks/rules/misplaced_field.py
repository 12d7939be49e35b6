"""See MisplacedField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds
from harness.documents.rules import Rules
from harness.documents.shapes import rules as shape
from harness.documents.shapes import told
from harness.model import Finding, Severity


class MisplacedField(Check):
    """A recording rule has what only alerts have, or a field what it cannot hold: Prometheus loads no rule of the file.

    Why: the file is refused. Bad: `record:` with `for:`, a rule that is `record` and `alert`, `interval: 30`.
    Good: `for:` in alerts only, `interval: 30s`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at the fields of every rule, and at every value."""
        for rule in rules.rules:
            fields = rule.view.value
            if not fields.get("record"):
                continue
            if fields.get("alert"):
                yield self.finding(rule.key_at("alert"), "a rule records or alerts, not both")
                continue
            for name in ("for", "keep_firing_for"):
                if fields.get(name) and seconds(str(fields[name])) != 0:
                    yield self.finding(rule.key_at(name), f"a recording rule has no `{name}`")
            if fields.get("annotations"):
                yield self.finding(rule.key_at("annotations"), "a recording rule has no `annotations`")
        for kind in ("value", "needs"):
            for position, message in told(rules.tree, shape.NOTATION, kind):
                yield self.finding(position, message)
