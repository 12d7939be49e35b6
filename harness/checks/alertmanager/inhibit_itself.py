"""See InhibitItself."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding


class InhibitItself(Check):
    """An inhibit rule with the same source and target mutes nothing.

    Why: Alertmanager lets no alert that matches both sides be muted by one that does too.
    Bad: `severity="critical"` on both sides. Good: a cause on one side, its symptoms on the other.
    Fix: correct the side that is wrong.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the matchers of both sides."""
        for rule in alertmanager.inhibit_rules:
            sides = [{(m.label, m.op, m.value) for m in side} for side in (rule.sources, rule.targets)]
            if sides[0] and sides[0] == sides[1]:
                yield self.finding(rule.targets[0].position, "source and target are the same, so it mutes nothing")
