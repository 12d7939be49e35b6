"""See StaleDuration."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import spoken
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.languages.promql import (
    Number,
    selectors,
    walk,
)
from harness.model import Finding, Severity

_SPOKEN = re.compile(
    r"\bfor (?:more than |at least |over )?(?P<n>\d+) (?P<unit>second|minute|hour|day)s?\b", re.IGNORECASE
)
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


class StaleDuration(Check):
    """A text says how long something has lasted, and the rule waits for another time.

    Why: the number in the text was right once; who reads it concludes the wrong thing.
    Bad: `for: 10m` and "… for 5 minutes". Good: the same number in both. Fix: correct whichever is wrong.
    """

    severity, subject = Severity.WARNING, Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Compare each spoken duration with `for`, the windows of the expression and its thresholds."""
        for alert in rules.alerts:
            node = of_rule(alert).node()
            if node is None or alert.duration is None:
                continue
            meant = {alert.duration, *(s.range_seconds for s in selectors(node))}
            meant |= {n.value for n in walk(node) if isinstance(n, Number)}
            for name, text in alert.annotations.items():
                for said in _SPOKEN.finditer(text):
                    if int(said["n"]) * _UNITS[said["unit"].lower()] not in meant:
                        place = alert.inside(("annotations", name), said.start(), len(said[0]))
                        message = f'the text says "{said[0]}", the rule waits {spoken(alert.duration)}'
                        yield self.finding(place, message)
