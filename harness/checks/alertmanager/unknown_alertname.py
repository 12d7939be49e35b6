"""See UnknownAlertname."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.matchers import Matcher
from harness.documents.rules import Rules
from harness.documents.unknown import nearest
from harness.model import Finding


class UnknownAlertname(Check):
    """A route or inhibit rule waits for an alert that no rule file has.

    Why: alerts are renamed, and nothing tells who waited for the old name. Bad: `alertname="ApiDwon"`.
    Good: the name of an alert. Fix: use the new name.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look up every alert name that a matcher spells out."""
        known = {alert.name for rules in context.documents.of(Rules) for alert in rules.alerts}
        if not known:
            return
        routes = list(alertmanager.route.walk()) if alertmanager.route else []
        matchers = [m for route in routes for m in route.matchers]
        matchers += [m for rule in alertmanager.inhibit_rules for m in (*rule.sources, *rule.targets)]
        for matcher in matchers:
            for name in _spelled_out(matcher):
                if name not in known:
                    yield self.finding(matcher.position, f"there is no alert {name}{nearest(name, known)}")


def _spelled_out(matcher: Matcher) -> list[str]:
    if matcher.label != "alertname" or matcher.op not in ("=", "=~") or not matcher.value:
        return []
    names = matcher.value.strip("()").split("|") if matcher.op == "=~" else [matcher.value]
    return [name for name in names if re.fullmatch(r"\w+", name)]
