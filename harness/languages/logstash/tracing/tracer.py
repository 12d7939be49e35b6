"""Records the way of an event: the filters it met and what they changed, the branches it took, where it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from harness.languages.logstash.ast import Arm, Branch, PluginNode
from harness.languages.logstash.event import Event, copied
from harness.languages.logstash.source import Wording, named
from harness.languages.logstash.tracing.changes import Change, changes
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Step:
    """A filter that was applied, or a branch that was taken."""

    kind: Literal["filter", "branch"]
    what: str
    position: Position
    event: str
    """Which event: `1`, or `1.2` for the second one that a filter made of it."""
    changes: tuple[Change, ...] = ()
    outcome: str = ""
    """`dropped`, `3 events`, or nothing when the event goes on alone."""


@dataclass(slots=True)
class Tracer:
    """An observer of one pipeline. `take()` hands out what happened since the last time."""

    text: str
    """The configuration, to quote its conditions."""
    steps: list[Step] = field(default_factory=list)
    _wording: Wording = field(init=False)
    _known: dict[int, tuple[str, Event]] = field(default_factory=dict)
    _before: Event = field(default_factory=dict)
    count: int = 0
    """How many events came in."""

    def __post_init__(self) -> None:
        self._wording = Wording(self.text)

    def begin(self, event: Event) -> None:
        """The next event comes in."""
        self.count += 1
        self._known = {id(event): (str(self.count), event)}

    def take(self) -> tuple[Step, ...]:
        """The steps since the last call."""
        found, self.steps = tuple(self.steps), []
        return found

    def name_of(self, event: Event) -> str:
        """The number of an event that came out."""
        return self._known[id(event)][0] if id(event) in self._known else "?"

    def entered(self, arm: Arm, event: Event) -> None:
        """An event takes an arm of a branch."""
        self.steps.append(Step("branch", self._wording.arm(arm), arm.position, self.name_of(event)))

    def passed(self, branch: Branch, event: Event) -> None:
        """No arm of a branch was taken, which its absence tells."""

    def filtering(self, plugin: PluginNode, event: Event) -> None:
        """A filter is about to be applied."""
        self._before = copied(event)

    def filtered(self, plugin: PluginNode, event: Event, replaced_by: list[Event] | None) -> None:
        """A filter was applied."""
        name, outcome, found = self.name_of(event), "", changes(self._before, event)
        if replaced_by is not None:
            outcome = "dropped" if not replaced_by else f"{len(replaced_by)} events"
            self._name(replaced_by, event, name)
        self.steps.append(Step("filter", named(plugin), plugin.position, name, found, outcome))

    def tried(self, plugin: PluginNode, field: str, expression: int, took: tuple[int, ...] | None) -> None:
        """Which expression of a grok matched shows in what it changed."""

    def _name(self, made: list[Event], event: Event, name: str) -> None:
        number = 0
        for one in made:
            if one is not event:
                number += 1
                # The event is kept with its name, so that its identity is not given to another.
                self._known[id(one)] = (f"{name}.{number}", one)


def as_data(step: Step) -> dict[str, Any]:
    """A step as JSON shows it."""
    data: dict[str, Any] = {step.kind: step.what, "at": str(step.position), "event": step.event}
    if step.changes:
        data["changes"] = [_change_data(change) for change in step.changes]
    if step.outcome:
        data["outcome"] = step.outcome
    return data


def _change_data(change: Change) -> dict[str, Any]:
    data: dict[str, Any] = {"field": change.field, "change": change.kind}
    if change.kind != "added":
        data["before"] = change.before
    if change.kind != "removed":
        data["after"] = change.after
    return data
