"""See Settings."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.env import Env
from harness.documents.unknown import nearest
from harness.model import Finding


class Settings(Check):
    """The example environment names every setting of the specification, and holds no secret's value.

    Why: whoever sets the stack up copies it. Bad: no `ALERTMANAGER_PAGERDUTY_KEY=`. Good: as `settings` in
    `fixtures/inventory.yml` has it; one with an empty value there must be empty here. Fix: add the line.
    """

    subject = Env

    def examine(self, env: Env, context: Context) -> Iterable[Finding]:
        """Compare each setting with the inventory."""
        wanted = (context.fixtures.get("inventory") or {}).get("settings") or {}
        for name, value in wanted.items():
            setting = next((s for s in env.settings if s.name == name), None)
            if setting is None:
                hint = nearest(name, set(env.values) - set(wanted))
                yield self.finding(env.tree.place(0, 1), f"the setting {name} is missing{hint}")
            elif value == "" and setting.value:
                yield self.finding(setting.value_at, f"{name} is a secret: its value does not belong into an example")
            elif value and setting.value != str(value):
                yield self.finding(setting.value_at, f"{name} is {value} in the specification")
