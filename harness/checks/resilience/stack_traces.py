"""See StackTraces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class StackTraces(UnderFault):
    """Stack traces arrive whole, and bare ones line by line among the dead letters.

    Why: the trace is what a person looks for; half of one is worth nothing. How measured: traces of 60 frames
    in a field of one line must be stored with every line break; traces written bare, outside JSON, must be
    among the dead letters, every line of them. How to fix: have the application write a trace as one JSON
    string, or join lines with the multiline parser of Filebeat.
    """

    fault = "stack-traces"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether traces were written."""
        return "" if what["odd"] else "no such line was written"
