"""See DuplicateGroup."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Group, Rules
from harness.model import Finding, Severity


class DuplicateGroup(Check):
    """Two groups of one file share a name: Prometheus does not load the file.

    Why: groups are told apart by name within a file. Bad: two `- name: api`. Good: a name each. Fix: rename one, or
    move its rules into the other.
    """

    severity, subject = Severity.FATAL, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare the names."""
        seen: dict[str, Group] = {}
        for group in rules.groups:
            first = seen.setdefault(group.name, group)
            if first is not group and group.name:
                also = [first.view.at("name")]
                yield self.finding(group.view.at("name"), f"the file has a group {group.name} already", also=also)
