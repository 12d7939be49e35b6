"""See SteadyLoad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class SteadyLoad(UnderFault):
    """No line is lost, stored twice or out of order while nothing goes wrong.

    Why: if this fails, every other figure about the logs is wrong too. How measured: 5,000 lines at 1,000 a
    second; every line has an id of its own, and each is looked for in the indices. How to fix: the finding
    names the hop; its log is in the folder of the run.
    """

    fault = "steady-load"
    ordered = True

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Too few lines to say anything."""
        return "" if what["written"] >= 1000 else "fewer than 1,000 lines were written"
