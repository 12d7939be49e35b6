"""See Queue."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import flattened
from harness.documents.filebeat import Filebeat
from harness.documents.positions import View
from harness.model import Finding, Severity

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_FACTOR = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class Queue(Check):
    """Filebeat's queue is configured so that it does not start: two queues, or a disk queue below two segments.

    Why: there is one queue, and it needs room for a segment that is written and one that is read.
    Bad: `queue.disk.max_size: 10MB` with segments of 25MB. Good: 500MB. Fix: enlarge it or shrink the segments.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Look at the queue's settings, in dotted or nested spelling."""
        settings = dict(flattened(filebeat.tree.view))
        kinds = sorted({name.split(".")[1] for name in settings if name.startswith("queue.") and name.count(".") > 1})
        if len(kinds) > 1:
            place = next(view for name, view in settings.items() if name.startswith(f"queue.{kinds[1]}"))
            yield self.finding(place.at(), f"two queues are configured: {' and '.join(kinds)}", severity=Severity.FATAL)
        largest, segment = settings.get("queue.disk.max_size"), settings.get("queue.disk.segment_size")
        size, part = _bytes(largest), _bytes(segment) or 100 * 2**20
        if largest and size and size < 2 * part:
            yield self.finding(largest.at(), "holds less than two segments")


def _bytes(view: View | None) -> float | None:
    match = _SIZE.fullmatch(str(view.value)) if view else None
    return float(match[1]) * _FACTOR[match[2].lower()] if match else None
