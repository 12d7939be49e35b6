"""See Burst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class Burst(UnderFault):
    """No line is lost when fifty thousand are written at once.

    Why: an outage makes every component log at once, and that is when the lines are needed. How measured:
    50,000 lines are appended as fast as the disk takes them, and the pipeline drains at its own pace; every
    line has an id of its own, and each is looked for in the indices. How to fix: bound the queues of Filebeat,
    let it wait for Logstash rather than drop.
    """

    fault = "burst"
    ordered = True

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Not much of a burst."""
        return "" if what["written"] >= 50_000 else "fewer than 50,000 lines were written"
