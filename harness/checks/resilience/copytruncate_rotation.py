"""See CopytruncateRotation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class CopytruncateRotation(UnderFault):
    """What copytruncate rotation loses is known, and nothing is lost beside it.

    Why: copytruncate cuts a file while it is written: what came after the copy is gone, and a shipper that has not read
    up to there, or meets new lines at old offsets, misses lines, or ships the rest of one. Both products say so in
    their manuals; an auditor must know how many. How measured: the files are copied and cut three times while lines are
    written; every line has an id of its own, and each is looked for in the indices. A line cut off before it was copied
    is told from one that Filebeat left behind. What Logstash or Elasticsearch lose, or what is stored twice, fails. How
    to fix: rotate by renaming.
    """

    fault = "copytruncate-rotation"
    limit_hops = ("rotation", "filebeat")
    torn = True

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether files were cut while they were written."""
        return "" if what["rotations"] >= 3 else "no file was rotated while lines were written"
