"""See RenameRotation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class RenameRotation(UnderFault):
    """No line is lost or stored twice when the log files are rotated by renaming.

    Why: a shipper that lets go of a renamed file before its end loses what was written last, every night. How
    measured: the files are renamed three times while lines are written, as logrotate does by default; every
    line has an id of its own, and each is looked for in the indices. How to fix: leave
    `close.on_state_change.renamed` off, and have the paths match the rotated names too.
    """

    fault = "rename-rotation"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether files were renamed while they were written."""
        return "" if what["rotations"] >= 3 else "no file was rotated while lines were written"
