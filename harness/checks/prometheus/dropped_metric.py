"""See DroppedMetric."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.languages.promql import (
    selectors,
)
from harness.model import Finding


class DroppedMetric(Check):
    """Relabelling drops a metric that a rule asks for.

    Why: the rule's expression is empty for ever, without an error. Bad: `action: drop, regex: go_.*` and an alert on
    `go_goroutines`. Good: drop what nobody uses. Fix: narrow the pattern.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Match every pattern on `__name__` with the metrics of rules."""
        used: dict[str, str] = {}
        for rules in context.documents.of(Rules):
            for rule in rules.rules:
                node = of_rule(rule).node()
                for selector in selectors(node) if node else ():
                    jobs = [m.value for m in selector.matchers if m.label == "job" and m.op == "="]
                    used.setdefault(selector.metric, jobs[0] if jobs else "")
        for job in prometheus.jobs:
            for rule_view in job.view.mappings("metric_relabel_configs"):
                sources, action = rule_view.texts("source_labels"), rule_view.text("action", "replace").lower()
                if sources != ("__name__",) or action not in ("drop", "keep"):
                    continue
                try:
                    pattern = re.compile(rule_view.text("regex", "(.*)"))
                except re.error:
                    continue
                for metric, wanted in used.items():
                    gone = bool(pattern.fullmatch(metric)) == (action == "drop")
                    if metric and gone and wanted == job.name:
                        yield self.finding(rule_view.at("regex"), f"drops {metric}, which a rule asks of this job")
