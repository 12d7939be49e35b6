"""Counts, while a pipeline runs, what of its configuration was used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from harness.languages.logstash.ast import Arm, Array, Branch, Config, Hash, PluginNode, Text, Value
from harness.languages.logstash.event import Event
from harness.languages.logstash.grok_alternatives import alternatives
from harness.languages.logstash.settings import Plugin
from harness.languages.logstash.source import Wording, branches, named, plugins
from harness.model import Position

Kind = Literal["filter", "output", "branch", "grok"]


@dataclass(frozen=True, slots=True)
class Point:
    """Something of a configuration that events go through or not."""

    kind: Kind
    what: str
    position: Position
    hits: int
    group: Position
    """Of branches and alternatives: the place they share, e.g. of the whole `if … else …`."""


@dataclass(slots=True)
class Recorder:
    """An observer of all pipelines that are made of one configuration."""

    text: str
    file: str
    config: Config | None = None
    _hits: Counter[tuple[str, Position]] = field(default_factory=Counter)
    _tries: Counter[tuple[Position, str, int, int | None]] = field(default_factory=Counter)

    def entered(self, arm: Arm, event: Event) -> None:
        """An event takes an arm of a branch."""
        self._hits["arm", arm.position] += 1

    def passed(self, branch: Branch, event: Event) -> None:
        """An event takes no arm of a branch."""
        self._hits["passed", branch.position] += 1

    def filtering(self, plugin: PluginNode, event: Event) -> None:
        """A filter is about to be applied."""
        self._hits["plugin", plugin.position] += 1

    def filtered(self, plugin: PluginNode, event: Event, replaced_by: list[Event] | None) -> None:
        """A filter was applied, which was counted before, as it may fail."""

    def tried(self, plugin: PluginNode, field: str, expression: int, took: tuple[int, ...] | None) -> None:
        """A grok tried an expression."""
        if took is not None:
            for alternative in (None, *took):
                self._tries[plugin.position, field, expression, alternative] += 1

    def sent(self, output: Plugin) -> None:
        """An event reached an output."""
        self._hits["plugin", output.position] += 1

    def add(self, other: Recorder) -> None:
        """Count in what another recorder has seen of the same configuration, maybe called by another path."""
        for (what, position), count in other._hits.items():
            self._hits[what, replace(position, file=self.file)] += count
        for (position, *rest), count in other._tries.items():
            self._tries[replace(position, file=self.file), *rest] += count  # type: ignore[index]

    def points(self) -> tuple[Point, ...]:
        """Everything there is to cover, in the order of the file."""
        if self.config is None:
            return ()
        found = [*self._plugins(self.config), *self._branches(self.config), *self._groks(self.config)]
        return tuple(sorted(found, key=lambda point: (point.position.line, point.position.column)))

    def _plugins(self, config: Config) -> Iterator[Point]:
        kinds: tuple[Literal["filter", "output"], ...] = ("filter", "output")
        for kind in kinds:
            for node in plugins(config.body(kind)):
                hits = self._hits["plugin", node.position]
                yield Point(kind, named(node), node.position, hits, node.position)

    def _branches(self, config: Config) -> Iterator[Point]:
        wording = Wording(self.text)
        for branch in branches(config.body("filter")):
            for arm in branch.arms:
                hits = self._hits["arm", arm.position]
                yield Point("branch", wording.arm(arm), arm.position, hits, branch.position)
            if branch.arms[-1].condition is not None:
                hits = self._hits["passed", branch.position]
                yield Point("branch", "none of its conditions", branch.position, hits, branch.position)

    def _groks(self, config: Config) -> Iterator[Point]:
        for node in plugins(config.body("filter")):
            for field_name, number, text in expressions(node) if node.name == "grok" else ():
                parts = alternatives(text.value)
                if not parts:
                    hits = self._tries[node.position, field_name, number, None]
                    yield Point("grok", text.value, text.position, hits, text.position)
                for index, part in enumerate(parts):
                    hits = self._tries[node.position, field_name, number, index]
                    yield Point("grok", part.text, _inside(text, part.offset), hits, text.position)


def merged(recorders: Sequence[Recorder]) -> list[Recorder]:
    """One recorder a configuration, in the order they first occur."""
    found: dict[str, Recorder] = {}
    for recorder in recorders:
        known = found.setdefault(str(Path(recorder.file).resolve()), recorder)
        if known is not recorder:
            known.add(recorder)
    return list(found.values())


def expressions(node: PluginNode) -> Iterator[tuple[str, int, Text]]:
    """The expressions of a grok: the field, the number among those for the field, and the text."""
    found: dict[str, list[Text]] = {}
    for attribute in node.attributes:
        if attribute.name == "match":
            for name, value in _pairs(attribute.value):
                texts = value.items if isinstance(value, Array) else (value,)
                kept = found.setdefault(name, []) if isinstance(attribute.value, Array) else []
                kept.extend(text for text in texts if isinstance(text, Text))
                found[name] = kept
    for name, texts_of in found.items():
        for number, text in enumerate(texts_of):
            yield name, number, text


def _pairs(value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Hash):
        for key, item in value.entries:
            yield str(key.value), item
    elif isinstance(value, Array):
        for key_item, item in zip(value.items[::2], value.items[1::2], strict=False):
            if isinstance(key_item, Text):
                yield key_item.value, item


def _inside(text: Text, offset: int) -> Position:
    """The place of a character of a text."""
    before = text.value[:offset]
    lines = before.count("\n")
    column = len(before) - before.rfind("\n") if lines else text.position.column + offset + (not text.bare)
    return Position(text.position.file, text.position.line + lines, column)
