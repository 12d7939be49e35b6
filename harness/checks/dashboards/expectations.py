"""Which panels may show nothing, as `fixtures/panels.yml` says it; every other panel must show data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is accepted of one panel: states besides data, and metrics or selectors without series. Empty `targets`
    means all of them."""

    panel: str
    targets: tuple[str, ...]
    states: tuple[str, ...]
    absent: tuple[str, ...]
    reason: str


class Expectations:
    """The allowances, asked by panel and target."""

    def __init__(self, allowances: Iterable[Allowance] = ()) -> None:
        self.allowances = tuple(allowances)

    @classmethod
    def of(cls, fixtures: Mapping[str, Any]) -> Expectations:
        """Read them from the fixtures, if there are any; without a reason an entry counts for nothing."""
        entries = (fixtures.get("panels") or {}).get("may_be_empty") or ()
        return cls(_allowance(entry) for entry in entries if entry.get("reason"))

    def accepts_state(self, panel: str, target: str, state: str) -> str:
        """The reason for which a target may be in a state; empty when it may not."""
        return next((a.reason for a in self._about(panel, target) if state in a.states), "")

    def accepts_absent(self, panel: str, target: str, what: str) -> str:
        """The reason for which a metric or selector may have no series; empty when it must have some."""
        return next((a.reason for a in self._about(panel, target) if what in a.absent), "")

    def _about(self, panel: str, target: str) -> Iterable[Allowance]:
        return (a for a in self.allowances if a.panel == panel and (not a.targets or target in a.targets))


def _allowance(entry: Mapping[str, Any]) -> Allowance:
    targets, states, absent = (tuple(entry.get(name) or ()) for name in ("targets", "states", "absent"))
    return Allowance(str(entry["panel"]), targets, states, absent, str(entry["reason"]))
