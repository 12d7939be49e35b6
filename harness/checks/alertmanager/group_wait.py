"""See GroupWait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.durations import spoken
from harness.model import Finding


class GroupWait(Check):
    """A severity that must be told at once ends in a route that waits.

    Why: `group_wait` delays the first notification of a group, and the documented latency leaves no room for it.
    Bad: the critical route inherits `group_wait: 30s`. Good: `group_wait: 0s` on the critical route.
    Fix: set it there. Which severities are immediate is in `fixtures/routing.yml`.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Walk the tree with each immediate severity."""
        agreed = (context.fixtures.get("routing") or {}).get("severities") or {}
        limit = _limit(context.fixtures.get("baselines") or {})
        for severity, demands in agreed.items():
            if not demands.get("immediate"):
                continue
            for route in alertmanager.destinations({"severity": severity}):
                if route.group_wait:
                    room = f" of {limit:g} s" if limit else ""
                    message = (
                        f"severity {severity} waits {spoken(route.group_wait)} here before anybody is told; "
                        f"the documented latency{room} leaves no room for it"
                    )
                    yield self.finding(route.at("group_wait"), message)


def _limit(baselines: dict[str, Any]) -> float | None:
    entries = baselines.get("baselines") or []
    found = next((entry for entry in entries if entry.get("id") == "alert-latency"), None)
    return float(found["limit"]) if found and found.get("limit") else None
