"""The csv filter: takes the columns of a line apart into fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.languages.logstash import iso8601, ruby
from harness.languages.logstash.csv_line import CsvError, parse_line
from harness.languages.logstash.event import Apply, Event, EventError, Timestamp, tag
from harness.languages.logstash.field import put
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of
from harness.languages.logstash.zones import zone

OPTIONS: Options = {
    "autodetect_column_names": Option("boolean", False),
    "autogenerate_column_names": Option("boolean", True),
    "columns": Option("array", []),
    "convert": Option("hash", {}),
    "ecs_compatibility": Option(),
    "quote_char": Option(default='"'),
    "separator": Option(default=","),
    "skip_empty_columns": Option("boolean", False),
    "skip_empty_rows": Option("boolean", False),
    "skip_header": Option("boolean", False),
    "source": Option("field", "message"),
    "target": Option("field"),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    for kind in settings["convert"].values():
        if kind not in _CONVERTERS:
            settings.refuse("convert", f"invalid conversion type `{kind}`, expected one of {', '.join(_CONVERTERS)}")
    read, matched, table = settings.reader("source"), settings.matched, _Table(settings)

    def apply(event: Event) -> list[Event] | None:
        source = read(event)
        if source is None or source is False:
            return None
        try:
            values = parse_line(source, table.separator, table.quote)
            if table.takes_as_header(values):
                return []
            if values is None and table.skip_empty_rows:
                tag(event, "_csvskippedemptyfield")
                return None
            table.store(event, values)
        except (CsvError, EventError):
            tag(event, "_csvparsefailure")
            return None
        matched(event)
        return None

    return apply


class _Table:
    """The columns and how their values are stored."""

    def __init__(self, settings: Settings) -> None:
        self.columns = [text_of(name) for name in settings["columns"]]
        self.separator: str = settings["separator"]
        quote = settings["quote_char"]
        self.quote = "\0" if quote == "\\x00" else quote
        self.autodetect: bool = settings["autodetect_column_names"]
        self.autogenerate: bool = settings["autogenerate_column_names"]
        self.skip_header: bool = settings["skip_header"]
        self.skip_empty_rows: bool = settings["skip_empty_rows"]
        self.skip_empty: bool = settings["skip_empty_columns"]
        self.converters = {name: _CONVERTERS[kind] for name, kind in settings["convert"].items()}
        target = settings["target"]
        self.target = "" if target is None else target if target.startswith("[") else f"[{target}]"

    def takes_as_header(self, values: list[str | None] | None) -> bool:
        """Whether a line names the columns instead of holding values."""
        if self.autodetect and not self.columns and values:
            self.columns = [value or "" for value in values]
            return True
        return self.skip_header and bool(self.columns) and self.columns == values

    def store(self, event: Event, values: list[str | None] | None) -> None:
        """Put the values of a line into the event."""
        if values is None:
            raise CsvError("an empty line")
        for index, value in enumerate(values):
            if self.skip_empty and not value:
                continue
            if index < len(self.columns):
                name = self.columns[index]
            elif self.autogenerate:
                name = f"column{index + 1}"
            else:
                continue
            convert = self.converters.get(name)
            put(event, self._reference(name), value if convert is None else convert(value))

    def _reference(self, name: str) -> str:
        if name.startswith("["):
            return self.target + name
        return f"{self.target}[{name}]" if self.target else name


_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_SPACED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_WRITTEN = re.compile(
    r"(?:\w+,?\s+)?((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\s+(\d{1,2})"
    r"(?:\s+(\d{1,2}:\d{1,2}:\d{1,2}))?,?\s+(\d{4})",
    re.IGNORECASE,
)


def _integer(value: str | None) -> Any:
    found = None if value is None else ruby.integer(value)
    return value if found is None else found


def _float(value: str | None) -> Any:
    if value is None:
        return value
    try:
        return float(ruby.strict_float(value))
    except (EventError, OverflowError):
        return value


def _date(value: str | None) -> Any:
    """ISO 8601, the same with a space for the T, or a written month: `Thu, Jun 1 2017`, `Jun 1 4:05:06 2017`."""
    if value is None:
        return value
    text = value.strip()
    if written := _WRITTEN.fullmatch(text):
        text = _iso(written)
    elif _SPACED.fullmatch(text):
        text = text.replace(" ", "T")
    try:
        return Timestamp.of_millis(iso8601.millis(text, zone("UTC")))
    except EventError:
        return value


def _iso(written: re.Match[str]) -> str:
    month, day, time, year = written.groups()
    number = _MONTHS.find(month[:3].lower()) // 3 + 1
    return f"{year}-{number:02}-{int(day):02}T{time or '00:00:00'}"


def _boolean(value: str | None) -> Any:
    if value is None:
        raise CsvError("an empty column is no boolean")
    text = ruby.strip(value).lower()
    return {"true": True, "false": False}.get(text, text)


_CONVERTERS: dict[str, Callable[[str | None], Any]] = {
    "integer": _integer,
    "float": _float,
    "date": _date,
    "date_time": _date,
    "boolean": _boolean,
}
