"""See DuplicateSetting."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.env import Env
from harness.model import Finding, Position, Severity


class DuplicateSetting(Check):
    """A setting is given twice; the last one counts.

    Why: somebody changes the first and nothing happens. Bad: two lines `SMTP_PORT=`. Good: one. Fix: remove the other.
    """

    severity, subject = Severity.WARNING, Env

    def examine(self, env: Env, context: Context) -> Iterable[Finding]:
        """Compare the names."""
        seen: dict[str, Position] = {}
        for setting in env.settings:
            first = seen.setdefault(setting.name, setting.at)
            if first != setting.at:
                yield self.finding(setting.at, f"{setting.name} is set already, in line {first.line}", also=[first])
