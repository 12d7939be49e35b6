"""Makes lines that log pipelines stumble over: too large, not UTF-8, with NUL bytes, of a shape the store refuses.

Each is a well-formed line with one thing put out of order, so that what becomes of it can be told by its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from harness.generators.logs import Line

LARGE_BYTES = (70_000, 200_000, 1_000_000)
FRAMES = 60
_WORDS = "the quick brown fox jumps over the lazy dog while nobody looks, "
_PLACEHOLDER = "\ue000"  # of the private use area: no generated line holds it


class Odd(NamedTuple):
    """One line: `line` as the pipeline must see it (not `well_formed`: a dead letter), `data` as it is written."""

    line: Line
    data: bytes


@dataclass(frozen=True, slots=True)
class Oddities:
    """How lines are put out of order, by the `oddities` of the mix: which fields, and a value no mapping takes."""

    message: str
    stack: str
    poisoned: str
    poison: Any

    @classmethod
    def of(cls, mix: Mapping[str, Any]) -> Oddities:
        """Read the mix (`fixtures/logs.yml`)."""
        spec = mix["oddities"]
        return cls(spec["message"], spec["stack"], spec["poison"]["field"], spec["poison"]["value"])

    def poison_documents(self, lines: Iterator[Line], count: int) -> Iterator[Odd]:
        """Lines that parse, and whose documents the store refuses for good."""
        for _ in range(count):
            yield _changed(next(lines), {self.poisoned: self.poison}, well_formed=False)

    def large_lines(self, lines: Iterator[Line]) -> Iterator[Odd]:
        """Lines of more than 64 KB, the size of a pipe and of many a reader's buffer."""
        for size in LARGE_BYTES:
            yield _changed(next(lines), {self.message: _WORDS * (size // len(_WORDS) + 1)})

    def invalid_utf8(self, lines: Iterator[Line], count: int) -> Iterator[Odd]:
        """Lines with bytes that are no UTF-8; each such byte may become U+FFFD, and nothing else may change."""
        for number in range(count):
            broken = (b"caf\xe9", b"\xff\xfe", b"\xc3(", b"\x80\x80")[number % 4]
            made = _changed(next(lines), {self.message: f"latin {_PLACEHOLDER} bytes"})
            data = made.data.replace(_PLACEHOLDER.encode(), broken)
            yield Odd(made.line._replace(text=data.decode("utf-8", "replace")), data)

    def nul_bytes(self, lines: Iterator[Line], count: int) -> Iterator[Odd]:
        """NUL spelled as JSON spells it, which must arrive, and as a byte, which makes the line no JSON."""
        for number in range(count):
            made = _changed(next(lines), {self.message: f"before{_PLACEHOLDER}after"})
            spelled = b"\\u0000" if number % 2 == 0 else b"\0"
            data = made.data.replace(_PLACEHOLDER.encode(), spelled)
            yield Odd(made.line._replace(text=data.decode(), well_formed=number % 2 == 0), data)

    def stack_traces(self, lines: Iterator[Line], count: int) -> Iterator[Odd]:
        """A trace in a field of one line, which must arrive whole; and one written bare, line by line."""
        for _ in range(count):
            frames = "\n".join(f"    at step{n} (/srv/app/dist/module{n}.js:{n}:{n * 3})" for n in range(FRAMES))
            yield _changed(next(lines), {self.stack: f"Error: upstream closed the connection\n{frames}"})
        for number in range(count):
            line = next(lines)
            text = f"    at step{number} (/srv/app/dist/module.js:{number}:7) [{line.event_id}]"
            yield Odd(Line(line.kind, line.event_id, text, (), False), text.encode())


def _changed(line: Line, fields: Mapping[str, Any], *, well_formed: bool = True) -> Odd:
    record = {**orjson.loads(line.text), **fields}
    data = orjson.dumps(record)
    return Odd(line._replace(text=data.decode(), well_formed=well_formed), data)
