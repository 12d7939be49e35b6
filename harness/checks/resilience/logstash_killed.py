"""See LogstashKilled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class LogstashKilled(UnderFault):
    """No line is lost or stored twice when the pipeline is killed with lines in its hands.

    Why: what Logstash has acknowledged and not stored is gone with its memory. How measured: Logstash, or what
    stands in for it, is killed with SIGKILL while it holds lines that are not stored yet; every line has an id
    of its own, and each is looked for in the indices. How to fix: acknowledge only what is stored, or keep a
    persistent queue.
    """

    fault = "logstash-killed"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether it held lines."""
        if not what.get("restarted"):
            return "it was not killed and started again"
        return "" if what["in_hand"] > 0 else "it held no line when it was killed"
