"""Compiles the filter section to a sequence of functions over one event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from harness.errors import UnreadableError
from harness.languages.logstash.ast import Arm, Branch, Condition, PluginNode, Statement
from harness.languages.logstash.conditions import Predicate, predicate
from harness.languages.logstash.configure import Configurator
from harness.languages.logstash.decorate import decorator
from harness.languages.logstash.event import UNEXPECTED, Apply, Event, EventError, described
from harness.languages.logstash.field import ReferenceSyntaxError
from harness.languages.logstash.registry import FilterModule, find
from harness.languages.logstash.settings import Settings, Tried

Steps = tuple[Apply, ...]


class Observer(Protocol):
    """Watches events on their way, for traces and coverage."""

    def entered(self, arm: Arm, event: Event) -> None:
        """An event takes an arm of a branch."""

    def passed(self, branch: Branch, event: Event) -> None:
        """An event takes no arm of a branch."""

    def filtering(self, plugin: PluginNode, event: Event) -> None:
        """A filter is about to be applied."""

    def filtered(self, plugin: PluginNode, event: Event, replaced_by: list[Event] | None) -> None:
        """A filter was applied; `replaced_by` is None when the event goes on alone."""

    def tried(self, plugin: PluginNode, field: str, expression: int, took: tuple[int, ...] | None) -> None:
        """A grok tried an expression for a field; `took` are its alternatives that matched, None when it did not."""


def run(steps: Steps, event: Event) -> list[Event] | None:
    """Apply the steps; None when the event goes on alone."""
    left = iter(steps)
    for step in left:
        replaced = step(event)
        if replaced is not None:
            return _each(tuple(left), replaced)
    return None


def _each(steps: Steps, events: list[Event]) -> list[Event]:
    found: list[Event] = []
    for event in events:
        replaced = run(steps, event)
        if replaced is None:
            found.append(event)
        else:
            found.extend(replaced)
    return found


class Compiler:
    """Builds steps from statements."""

    def __init__(
        self,
        configurator: Configurator,
        now: Callable[[], float],
        ecs: bool,
        directory: str,
        observer: Observer | None,
    ) -> None:
        self._configurator = configurator
        self._now = now
        self._ecs = ecs
        self._directory = directory
        self._observer = observer

    def steps(self, body: tuple[Statement, ...]) -> Steps:
        """The statements as functions."""
        return tuple(
            self._branch(statement) if isinstance(statement, Branch) else self._plugin(statement) for statement in body
        )

    def predicate(self, condition: Condition | None) -> Predicate | None:
        """A condition as a function; None for `else`."""
        return None if condition is None else predicate(condition, self._configurator.resolve)

    def _branch(self, branch: Branch) -> Apply:
        arms = [(self.predicate(arm.condition), self._arm(arm)) for arm in branch.arms]
        if self._observer is not None and branch.arms[-1].condition is not None:
            arms.append((None, self._passed(branch, self._observer)))
        if len(arms) == 1 and arms[0][0] is not None:
            holds, body = arms[0]
            return lambda event: body(event) if holds(event) else None  # type: ignore[misc]

        def choose(event: Event) -> list[Event] | None:
            for holds, body in arms:
                if holds is None or holds(event):
                    return body(event)
            return None

        return choose

    def _passed(self, branch: Branch, observer: Observer) -> Apply:
        def passed(event: Event) -> None:
            observer.passed(branch, event)

        return passed

    def _arm(self, arm: Arm) -> Apply:
        steps = self.steps(arm.body)
        observer = self._observer
        if observer is not None:

            def observed(event: Event) -> list[Event] | None:
                observer.entered(arm, event)
                return run(steps, event)

            return observed
        if len(steps) == 1:
            return steps[0]
        return lambda event: run(steps, event)

    def _plugin(self, node: PluginNode) -> Apply:
        module = cast(FilterModule, find("filter", node.name, node.position))
        configured = self._configurator.plugin("filter", node)
        try:
            matched = decorator(cast("dict[str, Any]", configured.plugin.options))
            settings = Settings(
                configured.plugin,
                configured.positions,
                matched,
                self._now,
                self._ecs,
                self._directory,
                self._tried(node),
            )
            apply = module.build(settings)
        except UNEXPECTED as error:
            raise UnreadableError(f"{node.name}: {described(error)}", at=node.position) from error
        except ReferenceSyntaxError as error:
            raise UnreadableError(f"{node.name}: {error}", at=node.position) from error
        return self._guarded(node, apply)

    def _tried(self, node: PluginNode) -> Tried | None:
        observer = self._observer
        if observer is None:
            return None
        return lambda field, expression, took: observer.tried(node, field, expression, took)

    def _guarded(self, node: PluginNode, apply: Apply) -> Apply:
        """Name the place of what goes wrong, and let the observer watch."""
        observer = self._observer

        def guarded(event: Event) -> list[Event] | None:
            try:
                return apply(event)
            except EventError as error:
                raise _placed(error, node) from error
            except UNEXPECTED as error:
                raise _placed(EventError(described(error)), node) from error

        if observer is None:
            return guarded

        def observed(event: Event) -> list[Event] | None:
            observer.filtering(node, event)
            replaced = guarded(event)
            observer.filtered(node, event, replaced)
            return replaced

        return observed


def _placed(error: EventError, node: PluginNode) -> EventError:
    if error.position is not None:
        return error
    placed = EventError(f"{node.name}: {error}")
    placed.position = node.position
    return placed
