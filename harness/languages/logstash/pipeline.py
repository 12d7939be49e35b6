"""A Logstash pipeline: compiled once from its configuration, then applied to events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.errors import HarnessError
from harness.languages.logstash.ast import Branch, Config, PluginNode, Statement
from harness.languages.logstash.compiler import Compiler, Observer, run
from harness.languages.logstash.conditions import ConditionError, Predicate
from harness.languages.logstash.configure import Configurator
from harness.languages.logstash.event import UNEXPECTED, Apply, Event, EventError, copied, described, prepare
from harness.languages.logstash.grammar import parse
from harness.languages.logstash.settings import Plugin
from harness.languages.logstash.sprintf import render
from harness.model import Position


class EventRefusedError(HarnessError):
    """An event the pipeline cannot process; Logstash drops it, or writes it to its dead letter queue."""


@dataclass(frozen=True, slots=True)
class _Route:
    """An output, or a branch of outputs."""

    plugin: Plugin | None = None
    arms: tuple[tuple[Predicate | None, tuple[_Route, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Inputs and outputs with their positions, and the filters as one function."""

    config: Config
    inputs: tuple[Plugin, ...]
    outputs: tuple[Plugin, ...]
    file: str
    _filter: Apply
    _routes: tuple[_Route, ...]
    _now: Callable[[], float]

    @classmethod
    def from_text(
        cls,
        text: str,
        file: str = "logstash.conf",
        *,
        env: Mapping[str, str] = MappingProxyType({}),
        ecs_compatibility: str = "disabled",
        support_escapes: bool = False,
        clock: Callable[[], float] = time.time,
        observer: Observer | None = None,
    ) -> Pipeline:
        """Compile a configuration; raises UnreadableError or UnsupportedError with the position of what is wrong.

        `env` resolves `${NAME}`. `clock` gives the read time of events. Relative paths in the configuration are meant
        from the directory of `file`. An `observer` sees every filter and branch an event goes through.
        """
        config = parse(text, file)
        configurator = Configurator(env, support_escapes)
        ecs = ecs_compatibility != "disabled"
        compiler = Compiler(configurator, clock, ecs, str(Path(file).parent), observer)
        inputs = tuple(
            configurator.plugin("input", node).plugin for node in _plugins(config.body("input"), "an input section")
        )
        steps = compiler.steps(config.body("filter"))
        routes = _routes(config.body("output"), configurator, compiler)
        return cls(config, inputs, _all_outputs(routes), file, lambda event: run(steps, event), routes, clock)

    def process(self, event: Event) -> list[Event]:
        """Apply the filters to one event, which is left as it was.

        The events that come out carry `@timestamp` as text, and `@metadata` only if the given event brought one.
        """
        bare = "@metadata" not in event
        try:
            own = copied(event)
        except RecursionError as error:
            raise self._refused(error) from error
        found = self.process_with_metadata(own)
        for one in found:
            stamp = one.get("@timestamp")
            if stamp is not None:
                one["@timestamp"] = str(stamp)
            if bare:
                one.pop("@metadata", None)
        return found

    def process_with_metadata(self, event: Event) -> list[Event]:
        """Apply the filters to one event, in place; the events that come out keep `@metadata`."""
        try:
            found = self._filter(prepare(event, self._now))
        except (EventError, *UNEXPECTED) as error:
            raise self._refused(error) from error
        return [event] if found is None else found

    def outputs_for(self, event: Event) -> list[Plugin]:
        """The outputs an event goes to, by the conditions of the output section."""
        found: list[Plugin] = []
        try:
            _collect(self._routes, event, found)
        except (EventError, *UNEXPECTED) as error:
            raise self._refused(error) from error
        return found

    def render(self, text: str, event: Event) -> str:
        """Fill in a template such as an output's `index` option."""
        try:
            return render(text, event)
        except (EventError, *UNEXPECTED) as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> EventRefusedError:
        hint = ""
        if isinstance(error, ConditionError):
            hint = (
                "Logstash drops such an event, or writes it to its dead letter queue. Ask for the field first: "
                "if [field] and [field] > 1 { … }"
            )
        text = str(error) if isinstance(error, EventError) else described(error)
        at = (error.position if isinstance(error, EventError) else None) or Position(self.file)
        return EventRefusedError(f"the event cannot be processed: {text}", at=at, hint=hint)


def _plugins(body: tuple[Statement, ...], where: str) -> list[PluginNode]:
    """The plugins of an input section; Logstash takes inputs inside of conditions, unconditionally."""
    found: list[PluginNode] = []
    for statement in body:
        if isinstance(statement, PluginNode):
            found.append(statement)
        else:
            for arm in statement.arms:
                found.extend(_plugins(arm.body, where))
    return found


def _routes(body: tuple[Statement, ...], configurator: Configurator, compiler: Compiler) -> tuple[_Route, ...]:
    return tuple(_route(statement, configurator, compiler) for statement in body)


def _route(statement: Statement, configurator: Configurator, compiler: Compiler) -> _Route:
    if isinstance(statement, Branch):
        arms = tuple(
            (compiler.predicate(arm.condition), _routes(arm.body, configurator, compiler)) for arm in statement.arms
        )
        return _Route(arms=arms)
    return _Route(plugin=configurator.plugin("output", statement).plugin)


def _all_outputs(routes: tuple[_Route, ...]) -> tuple[Plugin, ...]:
    found: list[Plugin] = []
    for route in routes:
        if route.plugin is not None:
            found.append(route.plugin)
        for _, body in route.arms:
            found.extend(_all_outputs(body))
    return tuple(found)


def _collect(routes: tuple[_Route, ...], event: Event, found: list[Plugin]) -> None:
    for route in routes:
        if route.plugin is not None:
            found.append(route.plugin)
            continue
        for holds, body in route.arms:
            if holds is None or holds(event):
                _collect(body, event, found)
                break
