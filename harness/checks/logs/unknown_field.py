"""See UnknownField."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    asked,
    assumed,
    opens,
    read,
    steps,
    written,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.model import Finding, Position


class UnknownField(Check):
    """A filter or condition reads a field that no line has and that no filter before it sets.

    Why: the condition never holds and the filter does nothing, without a word. Bad: `if [statuscode] >= 500` where
    lines carry `statusCode`; a field that is read above the filter that sets it. Good: a field of the catalog, or one
    that an earlier filter sets. Fix: correct the name or the order.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Walk the filters in the order of events, adding what each sets to what a line can bring along."""
        known = set(assumed(context.fixtures))
        if not known:
            return
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        every = list(steps(body))
        # What a filter like ruby sets is not written down; json and kv bring what the catalog lists.
        if any(opens(step.plugin) and step.plugin.name not in ("json", "kv") for step in every):
            return
        later = {name for step in every for name, _ in written(step.plugin)}
        told: set[Position] = set()
        for step in every:
            wanted = [one for condition in step.conditions for one in asked(condition)]
            for name, position in (*wanted, *read(step.plugin)):
                if position not in told and not _has(name, known):
                    told.add(position)
                    yield self.finding(position, _why(name, later, known))
            known.update(name for name, _ in written(step.plugin))


def _has(name: str, known: set[str]) -> bool:
    if name.startswith("@metadata") and not any(one.startswith("@metadata") for one in known):
        return False
    parts = name.split(".")
    above = {".".join(parts[:end]) for end in range(1, len(parts) + 1)} - {"@metadata"}
    return bool(above & known) or any(one.startswith(f"{name}.") for one in known)


def _why(name: str, later: set[str], known: set[str]) -> str:
    if name in later:
        return f"{name} is set further down only"
    return f"no line has {name}, and nothing before sets it{nearest(name, known)}"
