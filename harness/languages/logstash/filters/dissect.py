"""The dissect filter: takes text apart at fixed delimiters."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash import ruby
from harness.languages.logstash.dissection import Dissection, MappingError
from harness.languages.logstash.event import Apply, Event, EventError, tag
from harness.languages.logstash.field import Getter, getter, setter
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "convert_datatype": Option("hash", {}),
    "mapping": Option("hash", {}),
    "tag_on_failure": Option("array", ["_dissectfailure"]),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    mappings, conversions = _mappings(settings), _conversions(settings)
    tags = [text_of(name) for name in settings["tag_on_failure"]]
    matched = settings.matched

    def apply(event: Event) -> None:
        good = True
        try:
            for read, dissection in mappings:
                text = read(event)
                # A field that is missing is passed over; the plugin only logs it.
                if text is not None:
                    good = dissection.apply(ruby.to_s(text), event) and good
        except EventError:
            good = False
        if not good:
            for name in tags:
                tag(event, name)
            return
        for field, kind in conversions:
            _convert(event, field, kind)
        matched(event)

    return apply


def _mappings(settings: Settings) -> list[tuple[Getter, Dissection]]:
    found = []
    for field, mapping in settings["mapping"].items():
        try:
            found.append((settings.reader_of("mapping", field), Dissection.of(text_of(mapping))))
        except MappingError as error:
            settings.refuse("mapping", str(error))
    return found


def _conversions(settings: Settings) -> list[tuple[str, str]]:
    found = [(field, text_of(kind)) for field, kind in settings["convert_datatype"].items()]
    for field, kind in found:
        settings.writer_of("convert_datatype", field)
        if kind not in ("int", "float"):
            settings.refuse("convert_datatype", f"unknown type `{kind}`, expected int or float")
    return found


def _convert(event: Event, field: str, kind: str) -> None:
    value = getter(field)(event)
    if value is None:
        tag(event, f"_dataconversionnullvalue_{field}_{kind}")
        return
    try:
        setter(field)(event, _converted(value, kind))
    except (EventError, OverflowError, ValueError):
        tag(event, f"_dataconversionuncoercible_{field}_{kind}")


def _converted(value: Any, kind: str) -> int | float:
    number = ruby.strict_float(ruby.to_s(value))
    if kind == "float":
        return float(number)
    text = ruby.to_s(value)
    return int(text) if text.lstrip("+-").isdigit() else int(number)
