"""See UnusedVolume."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class UnusedVolume(Check):
    """A volume is declared and no service mounts it.

    Why: it was renamed on one side, and the data is elsewhere than people think. Bad: `prometheus_data:` declared,
    `prometheus-data` meant. Good: every volume mounted. Fix: correct or remove it.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for each declared volume among the mounts."""
        used = {mount.source for service in compose.services for mount in service.mounts}
        for name, view in compose.volumes.items() if compose.services else ():
            if name not in used:
                yield self.finding(view.key_at(), f"no service mounts {name}{nearest(name, used)}")
