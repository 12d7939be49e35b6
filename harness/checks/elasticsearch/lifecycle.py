"""See Lifecycle."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds, spoken
from harness.documents.elasticsearch import LifecyclePolicy
from harness.documents.unknown import nearest
from harness.model import Finding

_ORDER = ("hot", "warm", "cold", "frozen", "delete")
# The actions of each phase, from Elasticsearch 9.2's reference.
_ACTIONS = {
    "hot": {"set_priority", "unfollow", "rollover", "readonly", "downsample", "shrink", "forcemerge",
            "searchable_snapshot"},
    "warm": {"set_priority", "unfollow", "readonly", "downsample", "allocate", "migrate", "shrink", "forcemerge"},
    "cold": {"set_priority", "unfollow", "readonly", "downsample", "searchable_snapshot", "allocate", "migrate"},
    "frozen": {"unfollow", "searchable_snapshot"},
    "delete": {"wait_for_snapshot", "delete"},
}  # fmt: skip


class Lifecycle(Check):
    """A lifecycle policy has an unknown phase or action, phases in an impossible order, or deletes nothing.

    Why: Elasticsearch refuses the first; with the others indices are never deleted, or before they are searched.
    Bad: warm at 40d, delete at 30d. Good: ages that grow. Fix: correct the ages or names.
    """

    subject = LifecyclePolicy

    def examine(self, policy: LifecyclePolicy, context: Context) -> Iterable[Finding]:
        """Walk the phases in their order."""
        latest = 0.0
        for name, view in policy.phases.items():
            if name not in _ORDER:
                yield self.finding(view.key_at(), f"no phase is called {name}{nearest(name, _ORDER)}")
                continue
            for action in view.entries("actions") if isinstance(view["actions"].value, dict) else ():
                if action not in _ACTIONS[name]:
                    near = nearest(action, _ACTIONS[name])
                    yield self.finding(view["actions"].key_at(action), f"the phase {name} has no action {action}{near}")
        for name in _ORDER:
            phase = policy.phases.get(name)
            age = seconds(phase.text("min_age", "0ms")) if phase else None
            if phase and age is not None:
                if age < latest:
                    yield self.finding(phase.at("min_age"), f"{name} at {spoken(age)}, before the phase ahead of it")
                latest = max(latest, age)
        delete = policy.phases.get("delete")
        if delete and not delete["actions"]["delete"] and "delete" not in (delete["actions"].value or {}):
            yield self.finding(delete.key_at(), "the delete phase deletes nothing")
