"""See SeverityOrder."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Alert, Rules
from harness.languages.promql_values import Threshold, shape, thresholds
from harness.model import Finding, Severity

_RANK = {"info": 0, "warning": 1, "critical": 2, "page": 2}


class SeverityOrder(Check):
    """The same thing is critical before it is a warning.

    Why: of two alerts on one value the worse must have the stricter threshold; the other way round the warning never
    comes first and the page comes too early. Bad: warning at 5 %, critical at 2 %. Good: warning 5 %, critical 20 %.
    Fix: exchange or correct the thresholds.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare the first threshold of each pair of alerts on the same value."""
        seen: dict[str, list[tuple[Alert, Threshold]]] = {}
        for alert in rules.alerts:
            node = of_rule(alert).node()
            every = list(thresholds(node)) if node else []
            found = every[0] if every else None
            if found and alert.severity in _RANK and found.operator in (">", ">=", "<", "<="):
                # Of several conditions all must be the same, thresholds apart: else another one may be what counts.
                watched = sorted(repr(shape(one.subject)) for one in every)
                seen.setdefault(f"{found.operator[0]}{shape(found.subject)!r}{watched}", []).append((alert, found))
        for pairs in seen.values():
            for alert, own in pairs:
                for other, theirs in pairs:
                    worse = _RANK[alert.severity] > _RANK[other.severity]
                    looser = own.bound < theirs.bound if own.operator[0] == ">" else own.bound > theirs.bound
                    if worse and looser:
                        place = alert.inside("expr", own.offset, len(own.operator))
                        message = (
                            f"{alert.severity} already {own.operator} {own.bound:g}, while the {other.severity} "
                            f"{other.name} waits for {theirs.operator} {theirs.bound:g}"
                        )
                        yield self.finding(place, message, also=[other.at("expr")])
