"""See InvalidUtf8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class InvalidUtf8(UnderFault):
    """Lines that are not UTF-8 arrive, with U+FFFD in place of what is broken.

    Why: one byte of Latin-1 in a name must not lose the line, nor the file behind it. How measured: lines with
    broken bytes are written among ordinary ones; each stored document must say what the line said, every broken
    byte replaced. How to fix: set the `encoding` of the input.
    """

    fault = "invalid-utf8"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether such lines were written."""
        return "" if what["odd"] else "no such line was written"
