"""Reads one line of CSV as strictly as Ruby's CSV library does: a stray quote is an error, an empty column is null."""

from __future__ import annotations

from harness.languages.logstash.event import EventError


class CsvError(EventError):
    """A line that is not CSV."""


def parse_line(text: object, separator: str, quote: str) -> list[str | None] | None:
    """The columns of the first line of a text, None when it is empty."""
    if not isinstance(text, str):
        raise CsvError("only text can be parsed as CSV")
    if len(quote) != 1 or not separator:
        raise CsvError("the quote character must be one character, the separator at least one")
    position = 0
    columns: list[str | None] = []
    column: str | None
    if text.startswith(("\n", "\r")) or not text:
        return None if not text else []
    while True:
        if text.startswith(quote, position):
            column, position = _quoted(text, position + 1, quote)
        else:
            column, position = _plain(text, position, separator, quote)
        columns.append(column)
        if text.startswith(separator, position):
            position += len(separator)
        elif position >= len(text) or text[position] in "\r\n":
            return columns
        else:
            raise CsvError(f"text after a closing quote at column {position + 1}")


def _quoted(text: str, position: int, quote: str) -> tuple[str, int]:
    parts = []
    while True:
        end = text.find(quote, position)
        if end < 0:
            raise CsvError("an unclosed quote")
        parts.append(text[position:end])
        if not text.startswith(quote, end + 1):
            return "".join(parts), end + 1
        parts.append(quote)
        position = end + 2


def _plain(text: str, position: int, separator: str, quote: str) -> tuple[str | None, int]:
    ends = [end for end in (text.find(mark, position) for mark in (separator, "\n", "\r")) if end >= 0]
    end = min(ends, default=len(text))
    column = text[position:end]
    if quote in column:
        raise CsvError(f"a quote inside of a column at {position + column.index(quote) + 1}")
    return column or None, end
