"""See NoAlertmanager."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.model import Finding, Severity


class NoAlertmanager(Check):
    """Alerts are evaluated but sent to nobody.

    Why: without `alerting.alertmanagers` Prometheus keeps its alerts to itself. Bad: rules with alerts and no
    `alerting`. Good: `alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}`.
    Fix: name the Alertmanagers.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look for Alertmanagers wherever there are alerts."""
        alerts = sum(len(rules.alerts) for rules in context.documents.of(Rules))
        configured = prometheus.tree.view["alerting"]["alertmanagers"].value
        if not alerts or not prometheus.rule_files or configured:
            return
        # Where there is none, somebody may want to see alerts in Prometheus or Grafana only.
        there = context.documents.of(Alertmanager) and len(context.documents.of(Prometheus)) == 1
        place = prometheus.tree.key_at("rule_files")
        message = f"{alerts} alerts are evaluated and no Alertmanager is told"
        yield self.finding(place, message, severity=Severity.BUG if there else Severity.WARNING)
