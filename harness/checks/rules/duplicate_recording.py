"""See DuplicateRecording."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.rules import Recording, Rules
from harness.model import Finding, Severity


class DuplicateRecording(Check):
    """The same series is recorded twice by the same expression.

    Why: the second write of each evaluation is refused as a duplicate sample, and Prometheus logs it for ever.
    Bad: one recording rule copied into a second file. Good: once. Fix: remove the copy.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare name, labels and expression of every recording rule."""
        seen: dict[object, Recording] = {}
        for rules in documents.of(Rules):
            for rule in rules.recordings:
                key = (rule.name, frozenset(rule.labels.items()), " ".join(rule.expr.split()))
                first = seen.setdefault(key, rule)
                if first is not rule and first.at("record") != rule.at("record"):
                    message = f"{rule.name} is recorded already, at {first.at('record')}"
                    yield self.finding(rule.at("record"), message, also=[first.at("record")])
