"""See DeprecatedMatch."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class DeprecatedMatch(Check):
    """`match` and `match_re` are deprecated; `matchers` says both.

    Why: they will be removed, and cannot say `!=`. Bad: `match: {severity: critical}`.
    Good: `matchers: ['severity="critical"']`. Fix: rewrite it.
    """

    severity, subject = Severity.INFO, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at every route and inhibit rule."""
        views = [route.view for route in (alertmanager.route.walk() if alertmanager.route else ())]
        views += [rule.view for rule in alertmanager.inhibit_rules]
        for view in views:
            for name in ("match", "match_re", "source_match", "source_match_re", "target_match", "target_match_re"):
                if isinstance(view.value, dict) and view.value.get(name):
                    wanted = name.replace("_re", "").replace("match", "matchers")
                    yield self.finding(view.key_at(name), f"`{name}` is deprecated; write `{wanted}`")
