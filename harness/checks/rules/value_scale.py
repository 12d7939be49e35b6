"""See ValueScale."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Binary,
    Node,
    Number,
)
from harness.languages.promql_values import interval_of, thresholds
from harness.model import Finding

_PERCENTAGE = re.compile(r"\{\{[^}]*\$value\s*\|\s*humanizePercentage")
_BARE = re.compile(r"\{\{-?\s*\$value\s*(?:\|\s*(?:humanize|printf\s+\"[^\"]*\")\s*)?-?\}\}\s?%")


class ValueScale(Check):
    """A text shows a share as if it were a percentage, or a percentage a hundredfold.

    Why: 0.05 shown as "0.05 %" is read as nothing, 5 shown by `humanizePercentage` as "500%".
    Bad: `{{ $value | humanizePercentage }}` of `… * 100 > 5`. Good: of `… > 0.05`. Fix: match text and expression.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare the scale of each alert's value with the way its texts show it."""
        metrics = known_metrics(context.documents, context.fixtures)
        for alert in rules.alerts:
            node = of_rule(alert).node()
            first = next(thresholds(node), None) if node else None
            if first is None:
                continue
            values = interval_of(first.subject, metrics)
            share = values.low >= 0 and values.high <= 1 and isinstance(first.subject, Binary)
            for name, text in alert.annotations.items():
                hundredfold = _PERCENTAGE.search(text) if _hundredfold(first.subject) else None
                hundredth = _BARE.search(text) if share else None
                for shown, why in ((hundredfold, "a percentage already, shown a hundredfold"), (hundredth, "a share")):
                    if shown:
                        place = alert.inside(("annotations", name), shown.start(), len(shown[0]))
                        yield self.finding(
                            place, f"the value is {why}" + (", shown as percent" if why == "a share" else "")
                        )


def _hundredfold(node: Node) -> bool:
    return (
        isinstance(node, Binary)
        and node.operator == "*"
        and any(isinstance(side, Number) and side.value == 100 for side in (node.left, node.right))
    )
