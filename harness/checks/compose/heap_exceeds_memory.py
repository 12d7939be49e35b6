"""See HeapExceedsMemory."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding

_HEAP = re.compile(r"-Xmx(\d+)([kmg]?)", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)i?b?", re.IGNORECASE)
_FACTOR = {"": 1.0, "k": 1024.0, "m": 1024.0**2, "g": 1024.0**3}


class HeapExceedsMemory(Check):
    """A Java service is given more heap than its container has memory, or nearly all of it.

    Why: the kernel kills it under load. Elasticsearch needs half of the memory for the file cache. Bad: `-Xmx4g` with
    a limit of `4g`. Good: half. Fix: lower the heap or raise the limit.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Compare the heap of every JAVA_OPTS with the service's limit."""
        for service in compose.services:
            limit = service.view["deploy"]["resources"]["limits"].text("memory") or service.view.text("mem_limit")
            memory = _bytes(_SIZE.fullmatch(limit))
            for name, text in service.environment.items():
                heap = _bytes(_HEAP.search(text)) if text and "JAVA_OPTS" in name else None
                if heap and memory and heap > 0.8 * memory:
                    share = f"{heap / memory:.0%}"
                    at = service.view.at("environment", name)
                    yield self.finding(at, f"the heap is {share} of the container's {limit}; leave a quarter at least")


def _bytes(match: re.Match[str] | None) -> float | None:
    return float(match[1]) * _FACTOR[match[2].lower()] if match else None
