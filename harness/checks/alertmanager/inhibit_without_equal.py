"""See InhibitWithoutEqual."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class InhibitWithoutEqual(Check):
    """An inhibit rule without `equal` lets one alert mute all its targets, wherever they come from.

    Why: a critical alert of one service then hides the warnings of every other. Bad: no `equal`.
    Good: `equal: [cluster, service]`. Fix: name what source and target must share. A source given by `alertname` is
    taken for meant so.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for the list in each rule."""
        for rule in alertmanager.inhibit_rules:
            named = any(matcher.label == "alertname" for matcher in rule.sources)
            if not rule.equal and rule.sources and not named:
                yield self.finding(rule.at("equal"), "no `equal`: one source mutes the targets of every service")
