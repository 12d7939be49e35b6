"""Operations on values: gsub, uppercase, capitalize, lowercase, strip, split, join."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.languages.logstash import ruby
from harness.languages.logstash.alternatives import required
from harness.languages.logstash.event import REGEX_SECONDS, Event, EventError
from harness.languages.logstash.field import Setter
from harness.languages.logstash.mutations import Operation, Step
from harness.languages.logstash.mutations.conversions import convert
from harness.languages.logstash.onigmo import PatternSyntaxError, compiled
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import is_dynamic, template, text_of


def _gsub(settings: Settings, option: list[Any]) -> list[Step]:
    if len(option) % 3:
        settings.refuse("gsub", "gsub takes three values each: field, pattern, replacement")
    texts = [text_of(item) for item in option]
    return [_gsub_one(settings, *texts[index : index + 3]) for index in range(0, len(texts), 3)]


def _gsub_one(settings: Settings, name: str, needle: str, new: str) -> Step:
    read, write, text = settings.reader_of("gsub", name), settings.writer_of("gsub", name), template(new)
    fixed = None if is_dynamic(new) else ruby.replacement(new)
    pieces: tuple[str, ...] = ()
    if is_dynamic(needle):
        needle_text = template(needle)

        def search_of(event: Event) -> Any:
            try:
                return compiled(needle_text(event))
            except PatternSyntaxError as error:
                raise EventError(str(error)) from error
    else:
        try:
            pattern, pieces = compiled(needle), required(needle)
        except PatternSyntaxError as error:
            settings.refuse("gsub", str(error))

        def search_of(event: Event) -> Any:
            return pattern

    def gsub(event: Event) -> None:
        value = read(event)
        if isinstance(value, str):
            if pieces and not any([piece in value for piece in pieces]):
                return
            write(event, search_of(event).sub(fixed or ruby.replacement(text(event)), value, timeout=REGEX_SECONDS))
        elif isinstance(value, list):
            found, put = search_of(event), fixed or ruby.replacement(text(event))
            write(
                event,
                [found.sub(put, item, timeout=REGEX_SECONDS) if isinstance(item, str) else item for item in value],
            )

    return gsub


def _each(option_name: str, change: Callable[[str], str]) -> Operation:
    """An operation on a string, or on the strings of an array; anything else stays."""

    def operation(settings: Settings, option: list[Any]) -> list[Step]:
        return [_change(settings, option_name, text_of(name), change) for name in option]

    return operation


def _change(settings: Settings, option: str, name: str, change: Callable[[str], str]) -> Step:
    read, write = settings.reader_of(option, name), settings.writer_of(option, name)

    def apply(event: Event) -> None:
        value = read(event)
        if isinstance(value, str):
            write(event, change(value))
        elif isinstance(value, list):
            write(event, [change(item) if isinstance(item, str) else item for item in value])

    return apply


def _strip(settings: Settings, option: list[Any]) -> list[Step]:
    return [_strip_one(settings, text_of(name)) for name in option]


def _strip_one(settings: Settings, name: str) -> Step:
    read, write = settings.reader_of("strip", name), settings.writer_of("strip", name)

    def strip(event: Event) -> None:
        value = read(event)
        if isinstance(value, str):
            write(event, ruby.strip(value))
        elif isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                raise EventError(f"strip: an item of {name} is no string")
            write(event, [ruby.strip(item) for item in value])

    return strip


def _split(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_split_one(settings, name, text_of(separator)) for name, separator in option.items()]


def _split_one(settings: Settings, name: str, separator: str) -> Step:
    read, write = settings.reader_of("split", name), settings.writer_of("split", name)

    def split(event: Event) -> None:
        value = read(event)
        if isinstance(value, str):
            write(event, ruby.split(value, separator))

    return split


def _join(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_join_one(settings, name, text_of(separator)) for name, separator in option.items()]


def _join_one(settings: Settings, name: str, separator: str) -> Step:
    read = settings.reader_of("join", name)
    write: Setter = settings.writer_of("join", name)

    def join(event: Event) -> None:
        value = read(event)
        if isinstance(value, list):
            write(event, ruby.join(value, separator))

    return join


STRINGS: dict[str, Operation] = {
    "convert": convert,
    "gsub": _gsub,
    "uppercase": _each("uppercase", str.upper),
    "capitalize": _each("capitalize", ruby.capitalize),
    "lowercase": _each("lowercase", str.lower),
    "strip": _strip,
    "split": _split,
    "join": _join,
}
