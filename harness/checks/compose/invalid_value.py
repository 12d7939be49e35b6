"""See InvalidValue."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.durations import seconds
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?|.*\$.*")
_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


class InvalidValue(Check):
    """A setting has a value that compose does not know: it refuses the file.

    Why: nothing starts. Bad: `restart: unless-stoped`, `condition: service_helthy`, `interval: 10 sec`.
    Good: the documented values. Fix: correct the spelling.
    """

    severity, subject = Severity.FATAL, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look at restart policies, conditions and the durations of health checks."""
        for service in compose.services:
            restart = service.view.text("restart", "no").lower().replace("false", "no")
            if not _RESTART.fullmatch(restart):
                hint = nearest(restart, ("no", "always", "unless-stopped", "on-failure"))
                yield self.finding(service.at("restart"), f"no restart policy is called {restart}{hint}")
            for name, condition in service.depends_on.items():
                if condition not in _CONDITIONS:
                    at = service.view.at("depends_on", name, "condition")
                    yield self.finding(at, f"no condition is called {condition}{nearest(condition, _CONDITIONS)}")
            check = service.healthcheck
            for name in ("interval", "timeout", "start_period", "start_interval"):
                text = check.text(name) if isinstance(check.value, dict) else ""
                if text and "$" not in text and seconds(text) is None:
                    yield self.finding(check.at(name), f"{text!r} is no duration; write it like 10s or 1m30s")
