"""See FilebeatKilled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class FilebeatKilled(UnderFault):
    """No line is lost or stored twice when Filebeat is killed and starts again.

    Why: hosts crash and containers are evicted; what was read and not yet delivered must be read again. How
    measured: Filebeat is killed with SIGKILL while it reads, and started on the same registry; every line has
    an id of its own, and each is looked for in the indices. How to fix: keep `path.data` on a volume; give
    documents an id of their own, so that what is sent again is stored once.
    """

    fault = "filebeat-killed"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether it was killed in the middle."""
        if not what.get("restarted"):
            return "Filebeat was not killed and started again"
        return "" if 0 < what["received_before"] < what["written"] else "it was not reading when it was killed"
