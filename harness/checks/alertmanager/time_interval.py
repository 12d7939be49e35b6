"""See TimeInterval."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents import time_intervals
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class TimeInterval(Check):
    """A time interval holds what is no time, no day or no month: Alertmanager refuses the whole file.

    Why: nobody would be notified. Bad: `weekdays: [mon]`, `times: [{start_time: "22:00", end_time: "06:00"}]`.
    Good: `weekdays: [monday:friday]`, and two entries for a night. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Read every entry of every interval."""
        for interval in alertmanager.time_intervals.values():
            for position, message in time_intervals.faults(interval):
                yield self.finding(position, message)
