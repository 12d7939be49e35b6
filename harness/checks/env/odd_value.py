"""See OddValue."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds
from harness.documents.env import Env
from harness.model import Finding, Severity


class OddValue(Check):
    """A value is not of the kind that its setting's name promises.

    Why: the service finds out when it needs it. Bad: `SMTP_PORT=smtp`, `GRAFANA_PUBLIC_URL=grafana.example`,
    `RESOLVE_TIMEOUT=5 minutes`. Good: a number, a URL with its scheme, a duration. Fix: correct the value.
    """

    severity, subject = Severity.WARNING, Env

    def examine(self, env: Env, context: Context) -> Iterable[Finding]:
        """Compare each value with its name's last word."""
        for setting in env.settings:
            value, last = setting.value, setting.name.rpartition("_")[2]
            if not value or "$" in value:
                continue
            wrong = ""
            if last == "PORT" and not (value.isdigit() and 0 < int(value) < 65536):
                wrong = "no port number"
            elif last == "URL" and "://" not in value and not value.startswith("/"):
                wrong = "no URL: its scheme is missing"
            elif last in ("TIMEOUT", "INTERVAL") and not value.replace(".", "").isdigit() and seconds(value) is None:
                wrong = "no duration"
            elif last in ("FROM", "TO") and "EMAIL" in setting.name and "@" not in value:
                wrong = "no mail address"
            if wrong:
                yield self.finding(setting.value_at, f"{value} is {wrong}")
