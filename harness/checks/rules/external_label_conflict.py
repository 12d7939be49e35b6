"""See ExternalLabelConflict."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class ExternalLabelConflict(Check):
    """A rule sets a label that Prometheus adds to every alert, to another value.

    Why: the rule's wins, so this alert seems to come from another cluster and is grouped, routed and muted there.
    Bad: `environment: staging` in a rule under `external_labels: {environment: production}`. Good: left to the
    external labels. Fix: remove the label from the rule, or give it another name.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each rule's labels with the external ones."""
        external: dict[str, str] = {}
        for prometheus in context.documents.of(Prometheus):
            external.update(prometheus.external_labels)
        for rule in rules.rules:
            for label, value in rule.labels.items():
                if external.get(label, value) != value:
                    message = f'the external label is {label}="{external[label]}"; this one replaces it'
                    yield self.finding(rule.at("labels", label), message)
