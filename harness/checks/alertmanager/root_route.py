"""See RootRoute."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class RootRoute(Check):
    """The root route has matchers, says `continue` or mutes: Alertmanager does not load it.

    Why: the root takes every alert. Bad: `route: {matchers: [severity="x"], …}`. Good: matchers on its children only.
    Fix: move them to a child.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for what a root must not have."""
        root = alertmanager.tree.get("route")
        if not isinstance(root, dict):
            return
        refused = ("match", "match_re", "matchers", "continue", "mute_time_intervals", "active_time_intervals")
        for name in refused:
            if root.get(name):
                yield self.finding(alertmanager.tree.key_at("route", name), f"the root route must not have `{name}`")
        if not root.get("receiver"):
            yield self.finding(alertmanager.tree.key_at("route"), "the root route has no receiver")
