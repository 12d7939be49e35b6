"""See UnknownPolicy."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate, LifecyclePolicy
from harness.documents.unknown import nearest
from harness.model import Finding

_PUT = re.compile(r"_ilm/policy/([\w.-]+)")


class UnknownPolicy(Check):
    """An index template names a lifecycle policy that nothing installs, or rolls over without an alias.

    Why: the index is made, and never rolled over nor deleted. Bad: `lifecycle.name: caredroid-log` while the set-up
    puts `_ilm/policy/caredroid-logs`. Good: the installed name. Fix: correct it; a policy with rollover needs
    `lifecycle.rollover_alias`.
    """

    subject = IndexTemplate

    def examine(self, template: IndexTemplate, context: Context) -> Iterable[Finding]:
        """Look the name up in what the scripts of the configuration put."""
        name = template.setting("lifecycle.name")
        if name is None or not isinstance(context.documents, Configuration):
            return
        texts = [source.text for source in context.documents.sources if not source.file.endswith((".json", ".md"))]
        installed = {found for text in texts for found in _PUT.findall(text)}
        if installed and name.value not in installed:
            yield self.finding(
                name.at(), f"nothing installs the policy {name.value}{nearest(str(name.value), installed)}"
            )
        policies = context.documents.of(LifecyclePolicy)
        rolling = policies and all(policy.action("hot", "rollover") is not None for policy in policies)
        if rolling and template.setting("lifecycle.rollover_alias") is None:
            yield self.finding(name.at(), "its policy rolls over, and the template has no lifecycle.rollover_alias")
