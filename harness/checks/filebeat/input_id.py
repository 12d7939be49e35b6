"""See InputId."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat, Input
from harness.model import Finding


class InputId(Check):
    """A filestream input has no id, or one that another has: lines are read twice or not at all.

    Why: the position in each file is kept under the input's id. Bad: two inputs `id: app`. Good: an id each. Fix: add
    or change one. A changed id reads everything again.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Look at every enabled filestream input."""
        seen: dict[str, Input] = {}
        several = sum(each.kind == "filestream" for each in filebeat.inputs) > 1
        for each in filebeat.inputs:
            if each.kind != "filestream" or not each.enabled:
                continue
            if not each.id:
                if several:
                    yield self.finding(each.view.at("type"), "a filestream input without `id`")
                continue
            first = seen.setdefault(each.id, each)
            if first is not each:
                yield self.finding(
                    each.view.at("id"), f"another input has the id {each.id}", also=[first.view.at("id")]
                )
