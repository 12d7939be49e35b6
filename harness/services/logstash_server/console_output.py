"""The outputs that store nothing: `stdout` prints events, `null` and `sink` take them and forget them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TextIO

from harness.errors import UnsupportedError
from harness.languages.logstash.event import Event
from harness.languages.logstash.settings import Plugin
from harness.services.logstash_server.counters import OutputCounters
from harness.services.logstash_server.documents import encoded

Render = Callable[[str, Event], str]


class NullOutput:
    """Counts events and lets them go."""

    def __init__(self, counters: OutputCounters) -> None:
        self._counters = counters

    def write(self, event: Event, render: Render) -> None:
        """Take one event."""
        self._counters.events_in += 1
        self._counters.events_out += 1


class StdoutOutput(NullOutput):
    """Prints each event in its codec's form."""

    def __init__(self, plugin: Plugin, counters: OutputCounters, out: TextIO | None = None) -> None:
        super().__init__(counters)
        self._out = out or sys.stdout
        codec = plugin.options.get("codec")
        name = codec.name if isinstance(codec, Plugin) else "rubydebug"
        options = codec.options if isinstance(codec, Plugin) else {}
        self._format: str = options.get("format") or "%{@timestamp} %{host} %{message}"
        self._metadata = bool(options.get("metadata"))
        writers: dict[str, Callable[[Event, Render], str]] = {
            "json": self._json,
            "json_lines": self._json,
            "line": self._line,
            "plain": self._line,
            "rubydebug": self._ruby,
        }
        if name not in writers:
            raise UnsupportedError(f'the stand-in\'s stdout does not write codec "{name}"', at=plugin.position)
        self._text = writers[name]

    def write(self, event: Event, render: Render) -> None:
        """Print one event."""
        super().write(event, render)
        self._out.write(self._text(event, render) + "\n")
        self._out.flush()

    def _json(self, event: Event, render: Render) -> str:
        return encoded(event).decode()

    def _line(self, event: Event, render: Render) -> str:
        return render(self._format, event)

    def _ruby(self, event: Event, render: Render) -> str:
        return _ruby({name: value for name, value in event.items() if self._metadata or name != "@metadata"}, 0)


def _ruby(value: Any, depth: int) -> str:
    """A value as `rubydebug` prints it."""
    pad = "    " * (depth + 1)
    if isinstance(value, dict) and value:
        width = max(len(name) for name in value) + 2
        quoted = ((f'"{name}"'.rjust(width), item) for name, item in value.items())
        lines = [f"{pad}{name} => {_ruby(item, depth + 1)}" for name, item in quoted]
    elif isinstance(value, list) and value:
        lines = [f"{pad}[{index}] {_ruby(item, depth + 1)}" for index, item in enumerate(value)]
    else:
        return "nil" if value is None else encoded({"": value}).decode()[4:-1]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{opening}\n" + ",\n".join(lines) + f"\n{'    ' * depth}{closing}"
