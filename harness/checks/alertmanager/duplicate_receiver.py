"""See DuplicateReceiver."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Receiver
from harness.model import Finding, Severity


class DuplicateReceiver(Check):
    """Two receivers share a name: Alertmanager does not load the file.

    Why: routes refer to receivers by name. Bad: two `- name: team`. Good: a name each. Fix: rename one.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the names."""
        seen: dict[str, Receiver] = {}
        for receiver in alertmanager.receivers:
            first = seen.setdefault(receiver.name, receiver)
            if first is not receiver and receiver.name:
                also = [first.view.at("name")]
                yield self.finding(receiver.view.at("name"), f"there is a receiver {receiver.name} already", also=also)
