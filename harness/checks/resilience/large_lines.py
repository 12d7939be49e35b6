"""See LargeLines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class LargeLines(UnderFault):
    """Lines of more than 64 KB arrive whole.

    Why: a stack trace or a request body makes a line long; readers with a fixed buffer cut it, or stop there.
    How measured: lines of 70 KB to 1 MB are written among ordinary ones, and every stored document is compared
    with its line. How to fix: raise `message_max_bytes` of the input.
    """

    fault = "large-lines"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether a line was large."""
        return "" if what["largest_bytes"] > 65_536 else "no line was larger than 64 KB"
