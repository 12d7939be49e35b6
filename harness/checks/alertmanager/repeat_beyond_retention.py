"""See RepeatBeyondRetention."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.compose import Compose
from harness.documents.durations import seconds, spoken
from harness.model import Finding


class RepeatBeyondRetention(Check):
    """A repeat interval is longer than Alertmanager remembers what it said: it repeats sooner.

    Why: the notification log is kept for `--data.retention`, 120h by default. Bad: `repeat_interval: 7d` without the
    flag. Good: a retention above the longest interval. Fix: raise the flag in the compose file, or repeat sooner.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every interval with the flag."""
        kept: float | None = None
        for compose in context.documents.of(Compose):
            for service in compose.of_image("alertmanager"):
                flags = dict(word.partition("=")[::2] for word in service.command)
                kept = seconds(flags.get("--data.retention", "120h"))
        for route in alertmanager.route.walk() if alertmanager.route and kept else ():
            own = route.view["repeat_interval"]
            if kept and own and route.repeat_interval and route.repeat_interval > kept:
                message = f"repeats every {spoken(route.repeat_interval)}, but what was said is kept {spoken(kept)}"
                yield self.finding(route.at("repeat_interval"), message)
