"""The multiline codec: joins lines that belong together, such as a stack trace, into one event."""

from __future__ import annotations

import re

from harness.errors import UnreadableError
from harness.languages.logstash.charset import decoded
from harness.languages.logstash.event import REGEX_SECONDS, Event, tag
from harness.languages.logstash.grok import compile_expression
from harness.languages.logstash.onigmo import PatternSyntaxError
from harness.languages.logstash.settings import Plugin

_UNITS = {"": 1, "b": 1, "kib": 1024, "kb": 1000, "mib": 1024**2, "mb": 1000**2, "gib": 1024**3, "gb": 1000**3}
_SIZE = re.compile(r"\s*(\d+)\s*([a-zA-Z]*)\s*")


class Multiline:
    """Holds back lines until it is known that no more belong to them."""

    def __init__(self, codec: Plugin) -> None:
        options = codec.options
        try:
            self._pattern = compile_expression(options["pattern"], {}, ecs=False).pattern
        except PatternSyntaxError as error:
            raise UnreadableError(f"multiline: {error}", at=codec.position) from error
        self._negate: bool = options["negate"]
        self._previous: bool = options["what"] == "previous"
        self._tag: str = options["multiline_tag"]
        self._max_lines = int(options["max_lines"])
        self._max_bytes = _size(options["max_bytes"], codec)
        self._charset: str = options["charset"]
        self._lines: list[str] = []
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete with this piece of data; a line may come in pieces."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines for event in self._line(line)]

    def flush(self) -> list[Event]:
        """The last event."""
        rest, self._rest = self._rest, b""
        return [*(self._line(rest) if rest else []), *self._complete()]

    def _matches(self, text: str) -> bool:
        """Whether the pattern occurs; one that takes too long is taken as not occurring, so that no line is lost."""
        try:
            return self._pattern.search(text, timeout=REGEX_SECONDS) is not None
        except TimeoutError:
            return False

    def _line(self, data: bytes) -> list[Event]:
        text = decoded(data.removesuffix(b"\r"), self._charset)
        belongs = self._matches(text) != self._negate
        events: list[Event] = []
        if self._previous:
            if not belongs:
                events += self._complete()
            self._lines.append(text)
        else:
            self._lines.append(text)
            if not belongs:
                events += self._complete()
        limit = self._limit()
        if limit:
            events += self._complete(limit)
        return events

    def _limit(self) -> str:
        if len(self._lines) > self._max_lines:
            return "multiline_codec_max_lines_reached"
        if sum(len(line.encode()) for line in self._lines) > self._max_bytes:
            return "multiline_codec_max_bytes_reached"
        return ""

    def _complete(self, limit: str = "") -> list[Event]:
        lines, self._lines = self._lines, []
        if not lines:
            return []
        event: Event = {"message": "\n".join(lines)}
        if len(lines) > 1 and self._tag:
            tag(event, self._tag)
        if limit:
            tag(event, limit)
        return [event]


def _size(text: str, codec: Plugin) -> int:
    match = _SIZE.fullmatch(text)
    if match is None or match.group(2).lower() not in _UNITS:
        raise UnreadableError(f"multiline: `{text}` is no size", at=codec.position, hint='For example "10 MiB".')
    return int(match.group(1)) * _UNITS[match.group(2).lower()]
