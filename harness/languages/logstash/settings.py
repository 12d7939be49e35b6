"""The checked options of one plugin of a configuration, as the plugin's own code sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.errors import UnreadableError
from harness.languages.logstash.event import Event
from harness.languages.logstash.field import Getter, ReferenceSyntaxError, Setter, getter, remover, setter
from harness.model import Position

Tried = Callable[[str, int, "tuple[int, ...] | None"], None]
"""A field, which of the expressions for it, and the alternatives its match took; None when it did not match."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin of a configuration with its options, defaults filled in. A codec's option value is a Plugin too."""

    name: str
    options: Mapping[str, Any]
    position: Position

    def __hash__(self) -> int:
        return hash((self.name, self.position))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a filter is built from."""

    plugin: Plugin
    positions: Mapping[str, Position]
    matched: Callable[[Event], None]
    """Applies add_field, add_tag, remove_field and remove_tag; a filter calls it when it succeeded."""
    now: Callable[[], float]
    ecs: bool = False
    directory: str = ""
    tried: Tried | None = None
    """Where grok tells what it tried, when somebody watches."""

    def __getitem__(self, option: str) -> Any:
        return self.plugin.options[option]

    def given(self, option: str) -> bool:
        """Whether the configuration sets the option."""
        return option in self.positions

    def at(self, option: str) -> Position:
        """Where the option's value stands, or the plugin when the option is not set."""
        return self.positions.get(option, self.plugin.position)

    def refuse(self, option: str, message: str, hint: str = "") -> NoReturn:
        """Refuse the configuration because of this option."""
        raise UnreadableError(f"{self.plugin.name}: {message}", at=self.at(option), hint=hint)

    def reader(self, option: str) -> Getter:
        """A function that reads the field the option names."""
        return self.reader_of(option, self[option])

    def reader_of(self, option: str, reference: str) -> Getter:
        """A function that reads a field named somewhere in the option."""
        try:
            return getter(reference)
        except ReferenceSyntaxError as error:
            self.refuse(option, str(error))

    def writer(self, option: str) -> Setter:
        """A function that writes the field the option names."""
        return self.writer_of(option, self[option])

    def writer_of(self, option: str, reference: str) -> Setter:
        """A function that writes a field named somewhere in the option."""
        try:
            return setter(reference)
        except ReferenceSyntaxError as error:
            self.refuse(option, str(error))

    def remover_of(self, option: str, reference: str) -> Getter:
        """A function that removes a field named somewhere in the option and returns its value."""
        try:
            return remover(reference)
        except ReferenceSyntaxError as error:
            self.refuse(option, str(error))
