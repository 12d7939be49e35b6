"""See StateLost."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds, spoken
from harness.documents.filebeat import Filebeat
from harness.model import Finding


class StateLost(Check):
    """Filebeat forgets a file before it stops looking at it, and then reads it from the beginning.

    Why: `clean_inactive` must be longer than `ignore_older` plus the scan interval; Filebeat refuses it otherwise, or
    every line comes again. Bad: `ignore_older: 168h, clean_inactive: 168h`. Good: 170h. Fix: lengthen `clean_inactive`.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Compare the two of every input."""
        for each in filebeat.inputs:
            cleaned, ignored = seconds(each.view.text("clean_inactive")), seconds(each.view.text("ignore_older"))
            if cleaned and cleaned > 0 and (not ignored or cleaned <= ignored):
                what = f"not longer than ignore_older, {spoken(ignored)}" if ignored else "set without `ignore_older`"
                yield self.finding(each.view.at("clean_inactive"), f"{spoken(cleaned)} is {what}")
