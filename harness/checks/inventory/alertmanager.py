"""See AlertmanagerIntervals."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.durations import seconds, spoken
from harness.model import Finding


class AlertmanagerIntervals(Check):
    """The root route waits and repeats as the specification says.

    Why: `group_wait` makes one message of a wave, `repeat_interval` keeps people from being told every few minutes.
    Bad: `repeat_interval: 4m` for 4h. Good: as `alertmanager` in `fixtures/inventory.yml` has it.
    Fix: restore the value; what a severity needs otherwise belongs into its own route.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare the root route's intervals with the inventory."""
        wanted = (context.fixtures.get("inventory") or {}).get("alertmanager") or {}
        for name, agreed in wanted.items() if alertmanager.route else ():
            value = getattr(alertmanager.route, name)
            if value is not None and value != seconds(str(agreed)):
                message = f"`{name}` is {spoken(value)}, the specification says {agreed}"
                yield self.finding(alertmanager.tree.at("route", name), message)
