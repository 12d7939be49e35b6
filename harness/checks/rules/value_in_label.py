"""See ValueInLabel."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.templates import actions
from harness.model import Finding


class ValueInLabel(Check):
    """A label that holds the value makes a new alert at every evaluation, and `for:` never passes.

    Why: labels are an alert's identity. Bad: `labels: {load: "{{ $value }}"}`. Good: the value in an annotation.
    Fix: move it to the annotations.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for `$value` in labels."""
        for alert in rules.alerts:
            for name, text in alert.labels.items():
                if any("$value" in action.body or ".Value" in action.body for action in actions(text)):
                    offset = max(text.find("$value"), text.find(".Value"))
                    place = alert.inside(("labels", name), offset, 6)
                    yield self.finding(place, "the value changes the alert's identity; put it into an annotation")
