"""Turns the plugins of a parsed configuration into checked `Plugin` values: types, required options, environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash.ast import Array, Attribute, Hash, Number, PluginNode, Text, Value
from harness.languages.logstash.options import (
    CODEC_OPTIONS,
    FILTER_OPTIONS,
    INPUT_OPTIONS,
    OUTPUT_OPTIONS,
    InvalidValueError,
    Option,
    Options,
)
from harness.languages.logstash.registry import find, names, suggestion
from harness.languages.logstash.settings import Plugin
from harness.model import Position

_VARIABLE = re.compile(r"\$\{([A-Za-z_.][\w.]*)(?::([^}]*))?\}")
_SHARED = {"input": INPUT_OPTIONS, "filter": FILTER_OPTIONS, "output": OUTPUT_OPTIONS}


@dataclass(frozen=True, slots=True)
class Configured:
    """A checked plugin, and where each option that is set has its value."""

    plugin: Plugin
    positions: Mapping[str, Position]


@dataclass(frozen=True, slots=True)
class Configurator:
    """Checks plugins against their schemas."""

    environment: Mapping[str, str]
    support_escapes: bool = False

    def plugin(self, kind: str, node: PluginNode) -> Configured:
        """Check an input, filter or output."""
        options = {**_SHARED[kind], **find(kind, node.name, node.position).OPTIONS}
        return self._checked(kind, node, options)

    def resolve(self, text: str, position: Position) -> str:
        """Replace `${NAME}` and `${NAME:default}`; an undefined variable without a default is an error."""
        if self.support_escapes:
            from harness.languages.logstash.escapes import unescaped

            text = unescaped(text)
        if "${" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            found = self.environment.get(match.group(1), match.group(2))
            if found is None:
                raise UnreadableError(
                    f"environment variable {match.group(1)} is not set",
                    at=position,
                    hint=f"Set it, or give a default: ${{{match.group(1)}:default}}",
                )
            return found

        return _VARIABLE.sub(value, text)

    def _checked(self, kind: str, node: PluginNode, options: Options) -> Configured:
        given: dict[str, Any] = {}
        positions: dict[str, Position] = {}
        for attribute in node.attributes:
            self._known(kind, node, attribute, options)
            value = self._plain(attribute.value)
            if attribute.name in given:
                value = _merged(given[attribute.name], value, attribute)
            given[attribute.name] = value
            positions[attribute.name] = attribute.value.position
        values = {name: self._default(option, node) for name, option in options.items()}
        for name, value in given.items():
            values[name] = self._valid(node, name, options[name], value, positions[name])
        for name, option in options.items():
            if option.required and name not in given:
                raise UnreadableError(f"{node.name}: the option `{name}` is required", at=node.position)
        return Configured(Plugin(node.name, values, node.position), positions)

    def _known(self, kind: str, node: PluginNode, attribute: Attribute, options: Options) -> None:
        if attribute.name not in options:
            hint = f"{suggestion(attribute.name, tuple(options))}Known options: {', '.join(sorted(options))}."
            message = f'option "{attribute.name}" of {kind} plugin "{node.name}" is not known to the interpreter'
            raise UnsupportedError(message, at=attribute.position, hint=hint)

    def _valid(self, node: PluginNode, name: str, option: Option, value: Any, position: Position) -> Any:
        if option.kind == "codec":
            return self._codec(value, position)
        try:
            return option.check(value)
        except InvalidValueError as error:
            raise UnreadableError(f"{node.name}: {name}: {error}", at=position) from error

    def _default(self, option: Option, node: PluginNode) -> Any:
        if option.kind == "codec" and option.default is not None:
            return self._codec(option.default, node.position)
        return option.default

    def _codec(self, value: Any, position: Position) -> Plugin:
        from harness.languages.logstash.codecs import SCHEMAS

        node = value if isinstance(value, PluginNode) else PluginNode(str(value), (), position)
        if node.name not in SCHEMAS:
            hint = f"{suggestion(node.name, tuple(SCHEMAS))}Supported codecs: {', '.join(SCHEMAS)}."
            raise UnsupportedError(f'codec "{node.name}" is not supported by the interpreter', at=position, hint=hint)
        return self._checked("codec", node, {**CODEC_OPTIONS, **SCHEMAS[node.name]}).plugin

    def _plain(self, value: Value) -> Any:
        if isinstance(value, Text):
            return self.resolve(value.value, value.position)
        if isinstance(value, Number):
            return value.value
        if isinstance(value, Array):
            return [self._plain(item) for item in value.items]
        if isinstance(value, Hash):
            return {self._key(key): self._plain(item) for key, item in value.entries}
        return value

    def _key(self, key: Text | Number) -> str:
        return self.resolve(key.value, key.position) if isinstance(key, Text) else str(key.value)


def _merged(first: Any, second: Any, attribute: Attribute) -> Any:
    """What an option that is set twice amounts to: hashes merge, arrays grow, strings join, as in Logstash."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **second}
    if isinstance(first, list):
        return [*first, *(second if isinstance(second, list) else [second])]
    if isinstance(first, str) and isinstance(second, str):
        return first + second
    raise UnreadableError(
        f"option `{attribute.name}` is set twice, with values that cannot be merged", at=attribute.position
    )


def supported() -> dict[str, tuple[str, ...]]:
    """Every plugin the interpreter knows, by kind."""
    return {kind: names(kind) for kind in _SHARED}
