"""See NulBytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class NulBytes(UnderFault):
    """Lines with NUL are stored or become dead letters; none vanishes.

    Why: files with holes (after copytruncate, after a crash) hold NUL bytes, and C-minded readers stop there.
    How measured: lines with NUL as JSON spells it must be stored with it; lines with the bare byte are no JSON
    and must be among the dead letters. How to fix: see which hop lost them.
    """

    fault = "nul-bytes"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether such lines were written."""
        return "" if what["odd"] else "no such line was written"
