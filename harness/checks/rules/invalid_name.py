"""See InvalidName."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Recording, Rules
from harness.model import Finding, Severity


class InvalidName(Check):
    """A recorded metric, a label or a group has a name that cannot be: Prometheus loads no rule of the file.

    Why: the file is refused. Bad: `record: errors{job="api"}`, a label `__name__`, an empty name.
    Good: `record: errors` with `labels: {job: api}`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look at the names of rules, labels and annotations. Any UTF-8 is allowed since Prometheus 3."""
        for rule in rules.rules:
            if isinstance(rule, Recording):
                if any(brace in rule.name for brace in "{}"):
                    message = f"{rule.name} is an expression, no name; labels go to `labels`"
                    yield self.finding(rule.at("record"), message)
                elif not rule.name and rule.view.value.get("record") is not None:
                    yield self.finding(rule.at("record"), "a recording rule without a name")
            for part in ("labels", "annotations"):
                names = rule.view.value.get(part)
                for name in names if isinstance(names, dict) else ():
                    if str(name) == "" or (part == "labels" and name == "__name__"):
                        said = "an empty name" if name == "" else "`__name__` is the metric's name, no label to set"
                        yield self.finding(rule.key_at(part, name), said)
