"""See RawValue."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Binary,
    Call,
    Node,
    walk,
)
from harness.languages.promql_values import thresholds
from harness.model import Finding, Severity

_RAW = re.compile(r"\{\{-?\s*\$value\s*-?\}\}")


class RawValue(Check):
    """A text shows the value of a calculation as it is, with sixteen digits.

    Why: "0.05333333333333334 of requests fail" is hard to read at night. Bad: `{{ $value }}` of a rate.
    Good: `{{ $value | humanize }}`, `humanizePercentage`, `humanizeDuration` or `printf`. Fix: add one.
    """

    severity, subject = Severity.INFO, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look for bare values of expressions that divide or take rates."""
        for alert in rules.alerts:
            node = of_rule(alert).node()
            first = next(thresholds(node), None) if node else None
            if first is None or not _fractional(first.subject):
                continue
            for name, text in alert.annotations.items():
                for shown in _RAW.finditer(text):
                    place = alert.inside(("annotations", name), shown.start(), len(shown[0]))
                    yield self.finding(place, "prints every digit; add `| humanize` or its kind")


def _fractional(node: Node) -> bool:
    calls = ("rate", "irate", "histogram_quantile", "avg_over_time", "increase", "deriv")
    return any(
        (isinstance(found, Call) and found.function in calls) or (isinstance(found, Binary) and found.operator == "/")
        for found in walk(node)
    )
