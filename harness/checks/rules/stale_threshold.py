"""See StaleThreshold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Number,
    walk,
)
from harness.model import Finding, Severity

_PERCENT = re.compile(r"(?P<n>\d+(?:\.\d+)?) ?%")


class StaleThreshold(Check):
    """A text names a percentage, and the expression compares with another one.

    Why: the threshold was tuned and the text was not; people argue about the wrong number.
    Bad: `> 0.1` and "more than 5 % fail". Good: `> 0.05`. Fix: correct whichever is wrong.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare the percentages of each description with the numbers of the expression."""
        for alert in rules.alerts:
            node = of_rule(alert).node()
            numbers = {n.value for n in walk(node) if isinstance(n, Number)} if node else set()
            for name, text in alert.annotations.items():
                said = list(_PERCENT.finditer(re.sub(r"\{\{.*?\}\}", lambda m: " " * len(m[0]), text)))
                if not said or not numbers or any(_meant(float(one["n"]), numbers) for one in said):
                    continue
                place = alert.inside(("annotations", name), said[0].start(), len(said[0][0]))
                yield self.finding(place, f"the text says {said[0][0]}, which the expression does not compare with")


def _meant(percent: float, numbers: set[float]) -> bool:
    shares = (percent, percent / 100, 100 - percent, 1 - percent / 100)
    return any(abs(number - share) < 1e-9 for number in numbers for share in shares)
