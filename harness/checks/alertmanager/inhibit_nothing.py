"""See InhibitNothing."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding


class InhibitNothing(Check):
    """An inhibit rule one side of which no alert can match does nothing.

    Why: a typo in a matcher is silent. Bad: `source_matchers: [severity="critcal"]`. Good: matchers that alerts of the
    rule files can fulfil. Fix: correct the matcher, or remove the rule.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Match every alert of the rule files with both sides."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        if not alerts:
            return
        for rule in alertmanager.inhibit_rules:
            for side, matchers in (("source", rule.sources), ("target", rule.targets)):
                if not matchers:
                    yield self.finding(rule.at(), f"no {side} matchers, so it takes every alert for a {side}")
                elif not any(alert.can_match(matchers) for alert in alerts):
                    lonely = [m for m in matchers if not any(alert.can_match((m,)) for alert in alerts)]
                    what = str(lonely[0]) if lonely else " and ".join(map(str, matchers))
                    place = lonely[0].position if lonely else matchers[0].position
                    yield self.finding(place, f"no alert can match this {side}: {what}")
