"""See NameStyle."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.rules import Rules
from harness.model import Finding, Severity

_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*")


class NameStyle(Check):
    """One alert is named in another style than the rest.

    Why: routes, silences and runbooks are written by name, by people who guess its spelling. Bad: `cache_down` among
    `BackendDown` and `PoolExhausted`. Good: `CacheDown`. Fix: rename it.
    """

    severity, subject = Severity.INFO, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Report the exceptions where nine of ten names are CamelCase."""
        alerts = [alert for rules in documents.of(Rules) for alert in rules.alerts if alert.name]
        others = [alert for alert in alerts if not _CAMEL.fullmatch(alert.name)]
        if len(alerts) >= 5 and others and len(others) * 10 <= len(alerts) * 2:
            for alert in others:
                yield self.finding(alert.at("alert"), f"{alert.name} is not CamelCase, as the other alerts are")
